//! The lobby, namespace `/`: the caller's workspaces, what is unread in them, and the end of the session.

use confab_protocol::event::{
    AttentionWanted, LobbyReady, NoticePosted, PersonalChanged, SessionRevoked, UnreadChanged, WorkspaceAdded,
    WorkspaceChanged, WorkspaceList, WorkspaceRemoved, WorkspacesReply,
};
use confab_protocol::personal::Personal;
use confab_protocol::workspace::Workspace;
use confab_protocol::{Cause, Error, ErrorCode, Slug};

use super::push::pushes;
use super::tally::Tally;
use super::wire::{Report, Wire};
use super::{Effect, Input, Machine, Now};
use crate::local::model::{Keep, Stored};
use crate::view::Update;

/// Totals that cannot be kept from signals are asked for at most this often.
const REFRESH_MS: u64 = 3_000;

/// The lobby's state.
#[derive(Debug)]
pub struct Lobby {
    wire: Wire<Ask>,
    ready: Option<LobbyReady>,
    tally: Tally,
    refresh_at: Option<u64>,
    refreshing: bool,
}

#[derive(Debug)]
enum Ask {
    /// `workspace:list`, for the totals.
    Totals,
}

pushes! {
    /// What the lobby pushes. `mention:received` says less than `attention:wanted`.
    #[expect(clippy::large_enum_variant, reason = "made, matched and gone: never kept in numbers")]
    Pushed {
        Ready(LobbyReady),
        Added(WorkspaceAdded),
        Changed(WorkspaceChanged),
        Removed(WorkspaceRemoved),
        Unread(UnreadChanged),
        Attention(AttentionWanted),
        Personal(PersonalChanged),
        Revoked(SessionRevoked),
        Notice(NoticePosted),
    }
}

impl Lobby {
    /// A lobby whose link is not yet begun.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            wire: Wire::new("/".into(), seed),
            ready: None,
            tally: Tally::default(),
            refresh_at: None,
            refreshing: false,
        }
    }

    /// Yesterday's lobby, until the server greets.
    fn restore(&mut self, stored: Stored, out: &mut Vec<Effect>) {
        let Some(ready) = stored.lobby else { return };
        self.take_over(ready, out);
    }

    /// Notes what the lobby looks like now.
    fn keep(&self, out: &mut Vec<Effect>) {
        out.extend(self.ready.clone().map(|ready| Effect::Keep(vec![Keep::Lobby(ready)])));
    }

    fn pushed(&mut self, pushed: Pushed, now: Now, out: &mut Vec<Effect>) {
        match pushed {
            Pushed::Ready(ready) => self.greeted(ready, now, out),
            Pushed::Added(WorkspaceAdded { workspace }) | Pushed::Changed(WorkspaceChanged { workspace }) => {
                self.put(workspace, out);
            }
            Pushed::Removed(WorkspaceRemoved { workspace }) => self.remove(&workspace.slug, out),
            Pushed::Unread(signal) => self.signalled(signal, now, out),
            Pushed::Attention(attention) => out.push(Effect::Update(Update::Attention { attention })),
            Pushed::Personal(PersonalChanged { personal }) => self.personal_changed(personal, out),
            Pushed::Revoked(SessionRevoked {}) => out.push(Effect::SignedOut(revoked())),
            Pushed::Notice(NoticePosted { text, level }) => out.push(Effect::Update(Update::Notice { text, level })),
        }
    }

    fn greeted(&mut self, ready: LobbyReady, now: Now, out: &mut Vec<Effect>) {
        if self.ready.as_ref().is_some_and(|before| before.server.epoch != ready.server.epoch) {
            out.push(Effect::NewEpoch);
        }
        self.tally = Tally::default();
        self.refresh_at = None;
        self.take_over(ready, out);
        self.keep(out);
        self.wire.ready(now, out);
    }

    fn take_over(&mut self, ready: LobbyReady, out: &mut Vec<Effect>) {
        out.push(Effect::Limits(ready.server.limits.clone()));
        out.push(Effect::Ignored(ready.personal.ignored.clone()));
        out.extend(drawn(ready.clone()).map(Effect::Update));
        self.ready = Some(ready);
    }

    fn personal_changed(&mut self, personal: Personal, out: &mut Vec<Effect>) {
        let Some(ready) = &mut self.ready else { return };
        if ready.personal.ignored != personal.ignored {
            out.push(Effect::Ignored(personal.ignored.clone()));
        }
        ready.personal = personal.clone();
        out.push(Effect::Update(Update::Personal { personal }));
        self.keep(out);
    }

    /// A workspace is new or different. One that the caller is not (or no longer) in has no place in the rail.
    fn put(&mut self, workspace: Workspace, out: &mut Vec<Effect>) {
        let Some(ready) = &mut self.ready else { return };
        if workspace.role.is_none() {
            return self.remove(&workspace.slug, out);
        }
        match ready.workspaces.iter_mut().find(|known| known.slug == workspace.slug) {
            Some(known) if *known == workspace => return,
            Some(known) => *known = workspace.clone(),
            None => ready.workspaces.push(workspace.clone()),
        }
        self.tally.forget(&workspace.slug);
        out.push(Effect::Update(Update::WorkspaceChanged { workspace }));
        self.keep(out);
    }

    fn remove(&mut self, slug: &Slug, out: &mut Vec<Effect>) {
        let Some(ready) = &mut self.ready else { return };
        let before = ready.workspaces.len();
        ready.workspaces.retain(|known| known.slug != *slug);
        if ready.workspaces.len() < before {
            self.tally.forget(slug);
            out.push(Effect::Update(Update::WorkspaceRemoved { slug: slug.clone() }));
            self.keep(out);
        }
    }

    fn signalled(&mut self, signal: UnreadChanged, now: Now, out: &mut Vec<Effect>) {
        let workspaces = self.ready.iter_mut().flat_map(|ready| &mut ready.workspaces);
        if let Some(workspace) = workspaces.into_iter().find(|known| known.slug == signal.workspace) {
            let before = workspace.clone();
            if !self.tally.apply(&signal, workspace) {
                self.refresh_at.get_or_insert(now.ms + REFRESH_MS);
            } else if *workspace != before {
                out.push(Effect::Update(Update::WorkspaceChanged { workspace: workspace.clone() }));
            }
        }
        out.push(Effect::Unread(signal));
    }

    fn refresh(&mut self, now: Now, out: &mut Vec<Effect>) {
        let due = self.refresh_at.is_some_and(|at| at <= now.ms);
        if due && !self.refreshing && self.wire.is_live() {
            self.refresh_at = None;
            self.refreshing = true;
            self.wire.ask(&WorkspaceList {}, Ask::Totals, now, out);
        }
    }

    fn reported(&mut self, report: Report<Ask>, now: Now, out: &mut Vec<Effect>) {
        match report {
            Report::Handled => {}
            Report::Push { event, body } => {
                if let Some(pushed) = Pushed::read(&event, body) {
                    self.pushed(pushed, now, out);
                }
            }
            Report::Answered(Ask::Totals, answer) => {
                self.refreshing = false;
                let reply = answer.ok().and_then(|reply| serde_json::from_value::<WorkspacesReply>(reply).ok());
                for workspace in reply.into_iter().flat_map(|reply| reply.workspaces) {
                    if workspace.role.is_some() {
                        self.put(workspace, out);
                    }
                }
            }
            // `lobby:ready` of the next link tells the totals.
            Report::Lost(_) => self.refreshing = false,
            Report::Refused(error, _) => {
                self.refreshing = false;
                if error.code == ErrorCode::Unauthorized {
                    out.push(Effect::SignedOut(error));
                }
            }
        }
    }
}

impl Machine for Lobby {
    /// The shell wants nothing of the lobby but requests.
    type Command = std::convert::Infallible;

    fn step(&mut self, input: Input<Self::Command>, now: Now) -> Vec<Effect> {
        let mut out = Vec::new();
        match input {
            Input::Restore(stored) => self.restore(*stored, &mut out),
            Input::Start => self.wire.start(now, &mut out),
            Input::Link(event) => {
                let report = self.wire.report(event, now, &mut out);
                self.reported(report, now, &mut out);
            }
            Input::Request { call, event, body } => self.wire.call(call, event, body, now, &mut out),
            Input::Command { command, .. } => match command {},
            // The lobby writes nothing and has no rooms.
            Input::Persisted(..) | Input::Recalled(..) => {}
            Input::Nudge => self.wire.nudge(now, &mut out),
            Input::Tick => {
                let report = self.wire.tick(now, &mut out);
                self.reported(report, now, &mut out);
                self.refresh(now, &mut out);
            }
        }
        out
    }

    fn deadline(&self) -> Option<u64> {
        let refresh = self.refresh_at.filter(|_| self.wire.is_live() && !self.refreshing);
        self.wire.deadline().into_iter().chain(refresh).min()
    }

    fn picture(&self, now: Now) -> Vec<Update> {
        let lobby = self.ready.clone().into_iter().flat_map(drawn);
        std::iter::once(self.wire.link_update(now)).chain(lobby).collect()
    }
}

fn drawn(LobbyReady { user, server, workspaces, personal }: LobbyReady) -> impl Iterator<Item = Update> {
    [Update::Lobby { user, server, workspaces }, Update::Personal { personal }].into_iter()
}

/// Why somebody is signed out who did not ask for it.
pub(super) fn revoked() -> Error {
    Error::new(ErrorCode::Unauthorized, "This session was ended. Sign in again to go on.").because(Cause::SessionEnded)
}
