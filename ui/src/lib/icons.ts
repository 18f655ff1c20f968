// The Bootstrap icons that the UI uses, as path data: drawn as SVG nodes, so that neither a font nor inline HTML is
// needed, and only these travel.

import activity from 'bootstrap-icons/icons/activity.svg?raw';
import arrowDown from 'bootstrap-icons/icons/arrow-down.svg?raw';
import arrowReturn from 'bootstrap-icons/icons/arrow-return-left.svg?raw';
import arrowUp from 'bootstrap-icons/icons/arrow-up.svg?raw';
import bell from 'bootstrap-icons/icons/bell.svg?raw';
import bellSlash from 'bootstrap-icons/icons/bell-slash.svg?raw';
import boxArrow from 'bootstrap-icons/icons/box-arrow-left.svg?raw';
import broadcast from 'bootstrap-icons/icons/broadcast-pin.svg?raw';
import chat from 'bootstrap-icons/icons/chat-left-dots.svg?raw';
import check from 'bootstrap-icons/icons/check2.svg?raw';
import chatText from 'bootstrap-icons/icons/chat-left-text.svg?raw';
import chevronDown from 'bootstrap-icons/icons/chevron-down.svg?raw';
import circleHalf from 'bootstrap-icons/icons/circle-half.svg?raw';
import clipboard from 'bootstrap-icons/icons/clipboard.svg?raw';
import clock from 'bootstrap-icons/icons/clock.svg?raw';
import compass from 'bootstrap-icons/icons/compass.svg?raw';
import emojiSmile from 'bootstrap-icons/icons/emoji-smile.svg?raw';
import exclamation from 'bootstrap-icons/icons/exclamation-circle.svg?raw';
import eyeSlash from 'bootstrap-icons/icons/eye-slash.svg?raw';
import gear from 'bootstrap-icons/icons/gear.svg?raw';
import globe from 'bootstrap-icons/icons/globe2.svg?raw';
import link from 'bootstrap-icons/icons/link-45deg.svg?raw';
import list from 'bootstrap-icons/icons/list.svg?raw';
import lock from 'bootstrap-icons/icons/lock-fill.svg?raw';
import nodePlus from 'bootstrap-icons/icons/node-plus.svg?raw';
import moon from 'bootstrap-icons/icons/moon-stars.svg?raw';
import pencil from 'bootstrap-icons/icons/pencil.svg?raw';
import people from 'bootstrap-icons/icons/people.svg?raw';
import personPlus from 'bootstrap-icons/icons/person-plus.svg?raw';
import personX from 'bootstrap-icons/icons/person-x.svg?raw';
import pin from 'bootstrap-icons/icons/pin-angle.svg?raw';
import plus from 'bootstrap-icons/icons/plus-lg.svg?raw';
import reply from 'bootstrap-icons/icons/reply.svg?raw';
import search from 'bootstrap-icons/icons/search.svg?raw';
import send from 'bootstrap-icons/icons/send-fill.svg?raw';
import sun from 'bootstrap-icons/icons/sun.svg?raw';
import threeDots from 'bootstrap-icons/icons/three-dots.svg?raw';
import trash from 'bootstrap-icons/icons/trash3.svg?raw';
import arrowClockwise from 'bootstrap-icons/icons/arrow-clockwise.svg?raw';
import chevronLeft from 'bootstrap-icons/icons/chevron-left.svg?raw';
import chevronRight from 'bootstrap-icons/icons/chevron-right.svg?raw';
import download from 'bootstrap-icons/icons/download.svg?raw';
import file from 'bootstrap-icons/icons/file-earmark.svg?raw';
import fileImage from 'bootstrap-icons/icons/file-earmark-image.svg?raw';
import fileMusic from 'bootstrap-icons/icons/file-earmark-music.svg?raw';
import filePlay from 'bootstrap-icons/icons/file-earmark-play.svg?raw';
import fileText from 'bootstrap-icons/icons/file-earmark-text.svg?raw';
import fileZip from 'bootstrap-icons/icons/file-earmark-zip.svg?raw';
import paperclip from 'bootstrap-icons/icons/paperclip.svg?raw';
import pause from 'bootstrap-icons/icons/pause-fill.svg?raw';
import play from 'bootstrap-icons/icons/play-fill.svg?raw';
import at from 'bootstrap-icons/icons/at.svg?raw';
import dash from 'bootstrap-icons/icons/dash-circle-fill.svg?raw';
import x from 'bootstrap-icons/icons/x-lg.svg?raw';

const sources = {
  activity, 'arrow-down': arrowDown, 'arrow-up': arrowUp, at, bell, dnd: dash, 'arrow-return': arrowReturn, 'bell-slash': bellSlash, 'box-arrow': boxArrow, broadcast,
  chat, 'chat-text': chatText, check, 'chevron-down': chevronDown, 'circle-half': circleHalf, clipboard, clock, compass, emoji: emojiSmile,
  exclamation, 'eye-slash': eyeSlash, gear, globe, link, list, lock, moon, 'node-plus': nodePlus, pencil, people, 'person-plus': personPlus, 'person-x': personX,
  pin, plus, reply, search, send, sun, dots: threeDots, trash, x,
  again: arrowClockwise, 'chevron-left': chevronLeft, 'chevron-right': chevronRight, download, file, 'file-image': fileImage, 'file-music': fileMusic,
  'file-play': filePlay, 'file-text': fileText, 'file-zip': fileZip, paperclip, pause, play,
};

export type IconName = keyof typeof sources;

const paths = new Map<string, string[]>();

/** The `d` of each path of an icon, in a 16 × 16 box. */
export function iconPaths(name: IconName): string[] {
  let found = paths.get(name);
  if (!found) {
    found = [...sources[name].matchAll(/ d="([^"]+)"/g)].map((match) => match[1] ?? '');
    paths.set(name, found);
  }
  return found;
}
