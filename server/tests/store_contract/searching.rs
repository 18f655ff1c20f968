//! A search finds exactly what reading everything would find, wherever the index stands.

use std::sync::Arc;
use std::time::{Duration, Instant};

use confab_protocol::ErrorCode;
use confab_protocol::event::{Has, Incomplete, MessageSearch, SearchPage};
use confab_protocol::log::Message;
use confab_protocol::room::RoomKind;
use confab_protocol::search::Wanted;
use confab_protocol::{Cid, MessageId, RoomId, Timestamp, UserId};
use confab_server::store::{Op, Search};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::Place;
use crate::world::*;

fn asked(query: &str) -> MessageSearch {
    MessageSearch { query: query.into(), ..MessageSearch::default() }
}

/// For a search that a small log answers within milliseconds.
const PATIENCE: Duration = Duration::from_secs(60);

async fn found(world: &World, user: &UserId, request: MessageSearch) -> SearchPage {
    let wanted = Wanted::new(&request).unwrap();
    let search = Search { wanted, room: request.room, limit: request.limit.unwrap_or(20), cursor: request.cursor };
    let began = Instant::now();
    loop {
        let page = world.store.search(&world.slug, user, search.clone()).await.unwrap();
        // A machine that is busy with other tests is no reason to find less: whoever gets that answer asks again.
        if page.incomplete != Some(Incomplete::Time) || began.elapsed() > PATIENCE {
            return page;
        }
    }
}

async fn texts(world: &World, user: &UserId, request: MessageSearch) -> Vec<String> {
    let page = found(world, user, request).await;
    assert_eq!((page.incomplete, page.cursor), (None, None));
    page.hits.into_iter().map(|hit| hit.message.text).collect()
}

/// Brings the index up to the logs.
async fn indexed(world: &World) {
    while world.store.index(50).await.unwrap() {}
}

pub async fn words_are_found_where_somebody_is_and_nowhere_else(place: Place) {
    let world = place.world().await;
    let bob = world.joins("bob").await;
    let secret = world.room(&world.ada, "secret", RoomKind::Private, &[]).await;
    let open = world.room(&world.ada, "open", RoomKind::Public, &[]).await;
    world.sends(&bob, &world.general, "Deployment of the Café-Server is done").await;
    world.sends(&world.ada, &secret, "deployment in secret").await;
    world.sends(&world.ada, &open, "deployment in the open").await;
    world.sends(&world.ada, &world.random, "新東京駅で会いましょう").await;
    for round in 0..2 {
        for query in
            ["deploy", "PLOYMENT", "cafe ser", "CAFÉ", "\"the cafe-server\"", "is do", "done of the deployment"]
        {
            let all = texts(&world, &bob, asked(query)).await;
            assert_eq!(all, ["Deployment of the Café-Server is done"], "{query}, round {round}");
        }
        for query in ["deploys", "\"the server\"", "one two", "ne", "eployment x"] {
            assert_eq!(texts(&world, &bob, asked(query)).await, [""; 0], "{query}, round {round}");
        }
        for query in ["東京", "新", "京駅", "会いましょう"] {
            assert_eq!(texts(&world, &bob, asked(query)).await, ["新東京駅で会いましょう"], "{query}, round {round}");
        }
        let all = ["deployment in the open", "deployment in secret", "Deployment of the Café-Server is done"];
        assert_eq!(texts(&world, &world.ada, asked("deployment")).await, all);
        let here = MessageSearch { room: Some(secret.clone()), ..asked("deployment") };
        assert_eq!(texts(&world, &world.ada, here.clone()).await, ["deployment in secret"]);
        for room in [&secret, &open] {
            let wanted = Wanted::new(&here).unwrap();
            let search = Search { wanted, room: Some(room.clone()), limit: 9, cursor: None };
            assert_eq!(refusal(world.store.search(&world.slug, &bob, search).await), ErrorCode::NotFound);
        }
        indexed(&world).await;
    }
    let hit = found(&world, &bob, asked("cafe done")).await.hits.remove(0);
    assert_eq!((hit.room, hit.highlights), (world.general.clone(), vec![(18, 22), (33, 37)]));
    // Who leaves finds nothing there any more.
    let leave = Op::LeaveRoom { slug: world.slug.clone(), room: world.general.clone() };
    world.does(&bob, leave).await.unwrap();
    assert_eq!(texts(&world, &bob, asked("deployment")).await, [""; 0]);
}

pub async fn what_was_edited_is_found_by_its_new_text_and_what_was_deleted_never(place: Place) {
    let world = place.world().await;
    let ada = world.ada.clone();
    let one = world.sends(&ada, &world.general, "the first words").await;
    let two = world.sends(&ada, &world.general, "the second words").await;
    for index in [false, true, true] {
        if index {
            indexed(&world).await;
        }
        assert_eq!(texts(&world, &ada, asked("words")).await.len(), 2);
    }
    world.edits(&ada, &world.general, &one.id, "altogether different").await;
    world.deletes(&ada, &world.general, &two.id).await;
    for _ in 0..2 {
        assert_eq!(texts(&world, &ada, asked("words")).await, [""; 0]);
        assert_eq!(texts(&world, &ada, asked("second")).await, [""; 0]);
        assert_eq!(texts(&world, &ada, asked("different")).await, ["altogether different"]);
        indexed(&world).await;
    }
    // The index is there after opening again.
    drop(world);
    let store = place.open().await;
    let search = Search { wanted: Wanted::new(&asked("differ")).unwrap(), room: None, limit: 9, cursor: None };
    let slug = "general".parse().unwrap();
    assert_eq!(store.search(&slug, &ada, search).await.unwrap().hits.len(), 1);
    assert!(!store.index(100).await.unwrap());
}

pub async fn filters_narrow_a_search(place: Place) {
    let world = place.world().await;
    let bob = world.joins("bob").await;
    let ada = world.ada.clone();
    let early = world.sends(&ada, &world.general, "look at https://example.org/a").await;
    let middle = world.sends(&bob, &world.general, "look there").await;
    let late = world.sends(&ada, &world.general, "look back").await;
    world.reacts(&bob, &world.general, &late.id, "👍", true).await;
    for _ in 0..2 {
        let from = |user: &UserId| MessageSearch { from: Some(user.clone()), ..asked("look") };
        assert_eq!(texts(&world, &bob, from(&bob)).await, ["look there"]);
        assert_eq!(texts(&world, &bob, MessageSearch { query: String::new(), ..from(&bob) }).await, ["look there"]);
        let has = |has| MessageSearch { has: Some(has), ..asked("") };
        assert_eq!(texts(&world, &ada, has(Has::Link)).await, ["look at https://example.org/a"]);
        assert_eq!(texts(&world, &ada, has(Has::Reaction)).await, ["look back"]);
        assert_eq!(texts(&world, &ada, has(Has::File)).await, [""; 0]);
        let has = |has| MessageSearch { has: Some(has), ..asked("look") };
        assert_eq!(texts(&world, &ada, has(Has::Reaction)).await, ["look back"]);
        let between = MessageSearch { after: Some(middle.ts), before: Some(late.ts), ..asked("look") };
        assert_eq!(texts(&world, &ada, between).await, ["look there"]);
        let before = MessageSearch { before: Some(middle.ts), ..asked("look") };
        assert_eq!(texts(&world, &ada, before).await, ["look at https://example.org/a"]);
        let before = MessageSearch { before: Some(early.ts), ..asked("look") };
        assert_eq!(texts(&world, &ada, before).await, [""; 0]);
        indexed(&world).await;
    }
}

pub async fn what_others_wrote_to_somebody_is_found(place: Place) {
    let world = place.world().await;
    let bob = world.joins("bob").await;
    let ada = world.ada.clone();
    world.sends(&ada, &world.general, "bob is no mention").await;
    world.sends(&ada, &world.general, "@bob: one").await;
    world.sends(&bob, &world.general, "@bob is no news to @bob").await;
    world.sends(&bob, &world.random, "@ada, two").await;
    world.sends(&ada, &world.random, "@room three").await;
    let gone = world.sends(&ada, &world.random, "@bob four").await;
    world.deletes(&ada, &world.random, &gone.id).await;
    let secret = world.room(&ada, "secret", RoomKind::Private, &[]).await;
    world.sends(&ada, &secret, "@bob is not here").await;
    let to = |user: &UserId| MessageSearch { mentions: Some(user.clone()), ..asked("") };
    for _ in 0..2 {
        assert_eq!(texts(&world, &bob, to(&bob)).await, ["@room three", "@bob: one"]);
        assert_eq!(texts(&world, &ada, to(&ada)).await, ["@ada, two"]);
        assert_eq!(texts(&world, &ada, to(&bob)).await, ["@room three", "@bob: one"]);
        assert_eq!(texts(&world, &bob, MessageSearch { query: "ONE".into(), ..to(&bob) }).await, ["@bob: one"]);
        let here = MessageSearch { room: Some(world.random.clone()), from: Some(ada.clone()), ..to(&bob) };
        assert_eq!(texts(&world, &bob, here).await, ["@room three"]);
        assert_eq!(texts(&world, &bob, MessageSearch { has: Some(Has::Reaction), ..to(&bob) }).await, [""; 0]);
        indexed(&world).await;
    }
}

pub async fn pages_join_without_a_seam(place: Place) {
    let world = place.world().await;
    let ada = world.ada.clone();
    // So many that the index is asked room by room.
    let mut sent = Vec::new();
    for part in 0..4 {
        let mut group = Vec::new();
        for n in part * 200..part * 200 + 200 {
            let room = if n % 3 == 0 { &world.random } else { &world.general };
            let text = if n % 10 == 0 { format!("東京 {n}") } else { format!("number {n}") };
            group.push(world.write(&ada, world.send_op(room, &Cid::generate(), &text)));
            sent.insert(0, text);
        }
        assert!(world.store.write(group).await.unwrap().iter().all(Result::is_ok));
        if part == 2 {
            indexed(&world).await;
        }
    }
    sent.retain(|text| text.starts_with("number"));
    for limit in [49, 50] {
        let mut all = Vec::new();
        let mut cursor = None;
        loop {
            let page = found(&world, &ada, MessageSearch { limit: Some(limit), cursor, ..asked("number") }).await;
            assert!(page.hits.len() <= limit && page.incomplete.is_none());
            all.extend(page.hits.into_iter().map(|hit| hit.message.text));
            cursor = page.cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(all, sent, "in pages of {limit}");
    }
    let search = Search { wanted: Wanted::new(&asked("x")).unwrap(), room: None, limit: 1, cursor: Some("no".into()) };
    assert_eq!(refusal(world.store.search(&world.slug, &ada, search).await), ErrorCode::BadRequest);
}

/// Who is mentioned is known before the index has seen the message: the word is looked for there.
pub async fn mentions_are_all_found_while_the_index_is_far_behind(place: Place) {
    let world = place.world().await;
    let ada = world.ada.clone();
    let bob = world.joins("bob").await;
    let texts = std::iter::once("@bob brings tea").chain(std::iter::repeat_n("something else", 3_100));
    let group = texts.map(|text| world.write(&ada, world.send_op(&world.general, &Cid::generate(), text))).collect();
    assert!(world.store.write(group).await.unwrap().iter().all(Result::is_ok));
    let page = found(&world, &ada, MessageSearch { mentions: Some(bob), ..asked("tea") }).await;
    assert_eq!((page.hits.len(), page.incomplete), (1, None));
}

/// Texts of the same few syllables, so many that the index has common pieces and rare ones, and leaves common ones aside.
pub async fn a_search_among_many_finds_what_a_scan_finds(place: Place) {
    let world = place.world().await;
    let ada = world.ada.clone();
    let bob = world.joins("bob").await;
    let mut chance = Chance(7);
    for part in 0..10 {
        let mut group = Vec::new();
        for _ in 0..150 {
            let room = if chance.below(3) == 0 { &world.random } else { &world.general };
            let to = if chance.below(20) == 0 { "@bob " } else { "" };
            group.push(world.write(&ada, world.send_op(room, &Cid::generate(), &format!("{to}{}", chance.text()))));
        }
        assert!(world.store.write(group).await.unwrap().iter().all(Result::is_ok));
        // The last ones stay unseen.
        if part < 9 {
            indexed(&world).await;
        }
    }
    let mut all: Vec<(RoomId, Message)> = Vec::new();
    for room in [&world.random, &world.general] {
        all.extend(history(&*world.store, room, 100).await.0.into_iter().map(|message| (room.clone(), message)));
    }
    all.sort_by_key(|(_, message)| std::cmp::Reverse(message.ts));
    for n in 0..60 {
        let text: Vec<char> = all[chance.below(all.len())].1.text.chars().collect();
        let from = chance.below(text.len());
        let part: String = text[from..].iter().take(2 + chance.below(14)).collect();
        let query = match n % 4 {
            0 => part,
            1 => format!("{} {}", chance.word(), chance.word()),
            2 => format!("{part} {}", chance.word()),
            _ => format!("\"{part}\""),
        };
        let mentions = (n % 3 == 0).then(|| bob.clone());
        let request = MessageSearch { limit: Some(50), mentions, ..asked(&query) };
        let Ok(wanted) = Wanted::new(&request) else { continue };
        let scanned: Vec<_> = all.iter().filter(|(_, message)| wanted.find(message).is_some()).cloned().collect();
        let mut hits = Vec::new();
        let mut cursor = None;
        loop {
            let page = found(&world, &ada, MessageSearch { cursor, ..request.clone() }).await;
            assert_eq!(page.incomplete, None, "{query}");
            hits.extend(page.hits.into_iter().map(|hit| (hit.room, hit.message)));
            cursor = page.cursor;
            if cursor.is_none() || hits.len() >= 100 {
                break;
            }
        }
        let pages = if cursor.is_none() { scanned.len() } else { hits.len() };
        assert!(hits == scanned[..pages], "{query}: {} hits, a scan has {}", hits.len(), scanned.len());
    }
}

/// Chance that is the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn word(&mut self) -> String {
        const SYLLABLES: [&str; 16] =
            ["a", "ba", "con", "dé", "ex", "ght", "ing", "lum", "mi", "o", "tion", "ver", "東", "京都", "한글", "-"];
        // Some are much commoner than others.
        (0..=self.below(4)).map(|_| SYLLABLES[self.below(SYLLABLES.len()).min(self.below(SYLLABLES.len()))]).collect()
    }

    fn text(&mut self) -> String {
        (0..=self.below(12)).map(|_| self.word()).collect::<Vec<_>>().join(" ")
    }
}

/// The index is no part of the database: whatever becomes of its file, nothing is refused, and nothing is missed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_index_is_made_anew() {
    let directory = tempfile::TempDir::new().unwrap();
    let location = confab_server::store::Location::in_directory(directory.path());
    let place = Place { location, directory };
    let world = place.world().await;
    for n in 0..300 {
        world.sends(&world.ada, &world.general, &format!("number {n}, unlike all others")).await;
    }
    indexed(&world).await;
    let ada = world.ada.clone();
    world.store.close().await;
    drop(world);
    let file = place.file("confab.search");
    let sound = std::fs::read(&file).unwrap();
    assert!(sound.len() > 8192, "the index is in its file");
    let mut torn = sound.clone();
    torn[4096..].fill(0x5A);
    for bytes in [b"no database at all, but long enough to be read as one".repeat(99), torn, Vec::new()] {
        for end in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(place.file(&format!("confab.search{end}")));
        }
        std::fs::write(&file, &bytes).unwrap();
        let store = place.open().await;
        let slug: confab_protocol::Slug = "general".parse().unwrap();
        let search =
            || Search { wanted: Wanted::new(&asked("unlike 299")).unwrap(), room: None, limit: 9, cursor: None };
        // Damage may be found by the first who looks; after that all is well.
        while store.index(1_000).await.unwrap_or(true) {}
        let mut answer = store.search(&slug, &ada, search()).await;
        if answer.is_err() {
            while store.index(1_000).await.unwrap_or(true) {}
            answer = store.search(&slug, &ada, search()).await;
        }
        assert_eq!(answer.unwrap().hits.len(), 1);
        assert!(store.check().await.unwrap().is_empty());
        store.close().await;
    }
}

/// What somebody does; `message` counts among those that there are.
#[derive(Debug, Clone)]
enum Step {
    Send {
        who: usize,
        room: usize,
        text: String,
    },
    Edit {
        message: usize,
        text: String,
    },
    Delete {
        message: usize,
    },
    React {
        message: usize,
    },
    Index {
        entries: usize,
    },
    Search {
        who: usize,
        room: Option<usize>,
        words: Vec<String>,
        from: Option<usize>,
        mentions: Option<usize>,
        has: Option<Has>,
        back: Option<i64>,
    },
}

/// Texts of few letters, so that words meet: Latin with accents, CJK, kana, Hangul, signs and spaces.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => "[abé]{1,5}", 3 => Just(" ".to_owned()), 3 => "[東京都]{1,3}", 1 => "[がカ]{1,2}", 1 => "[한글]{1,2}",
        2 => "[.\"%_\\\\#-]", 1 => Just("http://a".to_owned()), 1 => "[👍ﬁＡ\u{1}]",
        1 => Just(" @bob ".to_owned()), 1 => Just(" @ada ".to_owned()), 1 => Just(" @room ".to_owned()),
    ];
    prop::collection::vec(piece, 1..9).prop_map(|pieces| format!("x{}", pieces.concat()))
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[abeE]{1,4}", 4 => "[東京都]{1,3}", 1 => "[がか한글]{1,2}", 2 => "\"[ab 東]{1,4}\"", 2 => "\"[abé]{1,3} [abé]{1,2} [ab]{1,2}\"", 1 => "[.%_\\\\#👍ﬁ\u{1}-]{1,2}",
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let message = 0..12usize;
    let has = prop_oneof![Just(Has::File), Just(Has::Link), Just(Has::Reaction)];
    let search = (
        0..2usize,
        prop::option::weighted(0.3, 0..3usize),
        prop::collection::vec(word(), 0..3),
        prop::option::weighted(0.3, 0..2usize),
        prop::option::weighted(0.3, 0..2usize),
        prop::option::weighted(0.3, has),
        prop::option::weighted(0.3, 0..40i64),
    );
    let step = prop_oneof![
        8 => (0..2usize, 0..3usize, text()).prop_map(|(who, room, text)| Step::Send { who, room, text }),
        3 => (message.clone(), text()).prop_map(|(message, text)| Step::Edit { message, text }),
        1 => message.clone().prop_map(|message| Step::Delete { message }),
        1 => message.prop_map(|message| Step::React { message }),
        2 => (1..9usize).prop_map(|entries| Step::Index { entries }),
        9 => search.prop_map(|(who, room, words, from, mentions, has, back)| Step::Search {
            who, room, words, from, mentions, has, back,
        }),
    ];
    prop::collection::vec(step, 1..60)
}

pub async fn a_search_finds_what_a_scan_finds(place: Place) {
    let world = place.world().await;
    let people = [world.ada.clone(), world.joins("bob").await];
    let context = Arc::new((world, people));
    let mut runner = TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
    block_in_place(|| {
        let outcome = runner.run(&steps(), |steps| {
            let context = Arc::clone(&context);
            Handle::current().block_on(async move { one_history(&context.0, &context.1, steps).await });
            Ok(())
        });
        if let Err(failure) = outcome {
            panic!("{failure}");
        }
    });
}

async fn one_history(world: &World, people: &[UserId; 2], steps: Vec<Step>) {
    // Bob is not in the third one.
    let name = |n: usize| format!("r{n}{}", Cid::generate());
    let mut rooms = Vec::new();
    for n in 0..3 {
        let members: &[&UserId] = if n < 2 { &[&people[1]] } else { &[] };
        rooms.push(world.room(&people[0], &name(n), RoomKind::Public, members).await);
    }
    let mut messages: Vec<(RoomId, UserId, MessageId)> = Vec::new();
    for step in steps {
        let some = |at: usize| messages.get(at % messages.len().max(1)).cloned();
        match step {
            Step::Send { who, room, text } => {
                let who = if room == 2 { 0 } else { who };
                let sent = world.sends(&people[who], &rooms[room], &text).await;
                messages.push((rooms[room].clone(), people[who].clone(), sent.id));
            }
            Step::Edit { message, text } => {
                if let Some((room, who, id)) = some(message) {
                    let cid = Cid::generate();
                    // Refused when it was deleted.
                    let _ = world.does(&who, world.edit_op(&room, &id, &cid, &text)).await;
                }
            }
            Step::Delete { message } => {
                if let Some((room, who, id)) = some(message) {
                    let _ = world.does(&who, world.delete_op(&room, &id, &Cid::generate())).await;
                }
            }
            Step::React { message } => {
                if let Some((room, who, id)) = some(message) {
                    let cid = Cid::generate();
                    let _ = world.does(&who, world.react_op(&room, &id, &cid, "👍", true)).await;
                }
            }
            Step::Index { entries } => drop(world.store.index(entries).await.unwrap()),
            Step::Search { who, room, words, from, mentions, has, back } => {
                let room = room.filter(|&room| room < 2 || who == 0).map(|room| rooms[room].clone());
                let since = back.map(|back| Timestamp::from_millis(world.now().as_millis() - back));
                let request = MessageSearch {
                    query: words.join(" "),
                    room: room.clone(),
                    from: from.map(|who| people[who].clone()),
                    mentions: mentions.map(|who| people[who].clone()),
                    after: since.filter(|ts| ts.as_millis() % 2 == 0),
                    before: since.filter(|ts| ts.as_millis() % 2 == 1),
                    has,
                    ..MessageSearch::default()
                };
                let Ok(wanted) = Wanted::new(&request) else { continue };
                let own = rooms.iter().take(3 - who).filter(|own| room.as_ref().is_none_or(|room| room == *own));
                same(world, &people[who], &wanted, request, own).await;
            }
        }
    }
    // What is deleted is not found either: the next history has its rooms to itself.
    for room in rooms {
        world.does(&people[0], Op::DeleteRoom { slug: world.slug.clone(), room }).await.unwrap();
    }
}

async fn same(
    world: &World,
    user: &UserId,
    wanted: &Wanted,
    mut request: MessageSearch,
    own: impl Iterator<Item = &RoomId>,
) {
    let mut scanned: Vec<(RoomId, Message)> = Vec::new();
    let own: Vec<&RoomId> = own.collect();
    for room in &own {
        let all = history(&*world.store, room, 50).await.0;
        scanned.extend(all.into_iter().filter(|m| wanted.find(m).is_some()).map(|m| ((*room).clone(), m)));
    }
    scanned.sort_by_key(|(_, message)| std::cmp::Reverse(message.ts));
    let mut hits = Vec::new();
    loop {
        request.limit = Some(3);
        let page = found(world, user, request.clone()).await;
        assert_eq!(page.incomplete, None);
        hits.extend(page.hits);
        request.cursor = page.cursor;
        if request.cursor.is_none() {
            break;
        }
    }
    for hit in &hits {
        assert_eq!(Some(&hit.highlights), wanted.find(&hit.message).as_ref());
    }
    let hits: Vec<_> = hits.into_iter().map(|hit| (hit.room, hit.message)).collect();
    assert_eq!(hits, scanned, "{request:?}");
}
