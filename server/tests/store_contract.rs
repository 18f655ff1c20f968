//! What every store must do, as one list of cases, run on SQLite and on a real PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, its helpers too")]
#![allow(clippy::cloned_ref_to_slice_refs, reason = "a list of one reads as a list")]

#[path = "store_contract/accounts.rs"]
mod accounts;
#[path = "store_contract/durability.rs"]
mod durability;
#[path = "store_contract/files.rs"]
mod files;
#[path = "store_contract/folding.rs"]
mod folding;
#[path = "store_contract/messages.rs"]
mod messages;
#[path = "store_contract/migrations.rs"]
mod migrations;
#[path = "store_contract/people.rs"]
mod people;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "store_contract/reading.rs"]
mod reading;
#[path = "store_contract/rooms.rs"]
mod rooms;
#[path = "store_contract/searching.rs"]
mod searching;
#[path = "store_contract/threads.rs"]
mod threads;
#[path = "store_contract/workspaces.rs"]
mod workspaces;
#[path = "store_contract/world.rs"]
mod world;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use confab_server::store::{Location, Store, open};
use tempfile::TempDir;

/// A database that a case has to itself.
pub struct Place {
    location: Location,
    directory: TempDir,
}

impl Place {
    /// Opens it: the first time empty, after that with what is in it.
    pub async fn open(&self) -> Arc<dyn Store> {
        open(&self.location).await.unwrap()
    }

    /// Opened and set up.
    pub async fn world(&self) -> world::World {
        world::World::new(self.open().await).await
    }

    /// Fills it as an earlier version did: that version's migrations, and what was in it then, for either database.
    pub async fn leave_behind(&self, sqlite: (&[&str], &str), postgres: (&[&str], &str)) {
        match &self.location {
            Location::Sqlite(path) => {
                let file = rusqlite::Connection::open(path).unwrap();
                file.execute_batch(&sqlite.0.concat()).unwrap();
                file.pragma_update(None, "application_id", 0x436F_6E66).unwrap();
                file.pragma_update(None, "user_version", sqlite.0.len()).unwrap();
                file.execute_batch(sqlite.1).unwrap();
            }
            Location::Postgres(url) => {
                let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
                let running = tokio::spawn(connection);
                client.batch_execute(&postgres.0.concat()).await.unwrap();
                client.batch_execute("CREATE TABLE confab_schema (version BIGINT NOT NULL)").await.unwrap();
                for version in 1..=postgres.0.len() {
                    let note = format!("INSERT INTO confab_schema (version) VALUES ({version})");
                    client.batch_execute(&note).await.unwrap();
                }
                client.batch_execute(postgres.1).await.unwrap();
                drop(client);
                running.await.unwrap().unwrap();
            }
        }
    }

    /// A file that is not there yet.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

type Case = fn(Place) -> Pin<Box<dyn Future<Output = ()> + Send>>;

macro_rules! cases {
    ($($module:ident::$case:ident,)*) => {
        mod sqlite {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let directory = TempDir::new().unwrap();
                    let location = Location::in_directory(directory.path());
                    $module::$case(Place { location, directory }).await;
                }
            )*
        }

        const CASES: &[(&str, Case)] = &[$((stringify!($case), |place| Box::pin($module::$case(place)))),*];
    };
}

cases! {
    accounts::a_server_is_set_up_once,
    accounts::logins_are_unique_and_a_refused_sign_up_leaves_nothing,
    accounts::sessions_are_found_by_their_token_and_end,
    accounts::profiles_change_only_what_is_given,
    accounts::invitations_are_used_up,
    accounts::invitations_bring_people_where_they_say,
    accounts::invitations_are_managed_by_admins_and_their_makers,
    workspaces::a_workspace_is_made_with_its_owner_and_room,
    workspaces::slugs_are_never_used_again,
    workspaces::open_workspaces_are_joined_and_left,
    workspaces::roles_change_and_people_are_removed,
    workspaces::an_archived_workspace_is_gone,
    workspaces::unread_is_summed_over_rooms_that_are_not_muted,
    rooms::rooms_are_made_joined_and_left,
    rooms::names_are_unique_while_a_room_lives,
    rooms::private_rooms_and_foreign_ones_do_not_exist_for_others,
    rooms::guests_see_the_rooms_that_they_were_invited_to,
    rooms::people_are_invited_and_kicked,
    rooms::changes_of_a_room_are_in_its_log,
    rooms::a_deleted_room_is_gone,
    rooms::a_set_of_people_has_one_direct_room,
    messages::a_message_is_written_once_whatever_is_repeated,
    messages::a_repeated_cid_is_judged_before_the_room_but_after_the_member,
    messages::writes_of_a_group_are_judged_each_on_its_own,
    messages::messages_are_edited_and_deleted_by_those_who_may,
    messages::deleted_means_gone,
    messages::answers_and_threads_stay_in_their_room,
    messages::mentions_are_members_of_the_room,
    messages::archived_rooms_take_no_messages,
    messages::reactions_are_a_set_in_order,
    messages::many_senders_leave_no_holes,
    threads::a_thread_is_read_by_any_of_its_messages_in_pages,
    threads::threads_do_not_branch,
    threads::pins_are_listed_and_limited,
    files::a_file_is_seen_by_who_may_read_a_message_that_carries_it,
    files::pictures_are_seen_and_stay_and_all_else_is_swept,
    files::uploads_are_counted_and_end_once,
    files::an_account_keeps_so_much,
    reading::unread_counts_are_exact,
    reading::mentions_and_direct_messages_are_counted,
    reading::markers_only_move_forward,
    reading::pages_of_history_join_without_a_seam,
    reading::the_log_is_paged_and_reset_when_too_far_behind,
    reading::pages_of_long_messages_are_short,
    people::what_somebody_keeps_is_theirs,
    people::statuses_end_when_they_said,
    people::everybody_is_mentioned_at_once,
    people::who_is_ignored_mentions_nobody,
    people::levels_are_each_ones_own,
    folding::the_tables_equal_the_fold_of_the_log,
    searching::words_are_found_where_somebody_is_and_nowhere_else,
    searching::what_was_edited_is_found_by_its_new_text_and_what_was_deleted_never,
    searching::filters_narrow_a_search,
    searching::what_others_wrote_to_somebody_is_found,
    searching::pages_join_without_a_seam,
    searching::a_search_finds_what_a_scan_finds,
    searching::a_search_among_many_finds_what_a_scan_finds,
    searching::mentions_are_all_found_while_the_index_is_far_behind,
    durability::everything_is_still_there_after_opening_again,
    durability::a_backup_is_the_same_database,
    durability::a_new_epoch_begins_when_asked,
    durability::a_store_is_ready_and_sound,
    migrations::messages_of_version_3_are_read_as_before,
    migrations::messages_of_version_3_are_changed_by_their_ids,
}

/// One cluster for all cases, each in a database of its own.
#[test]
fn postgres_keeps_the_whole_contract() {
    let cluster = Arc::new(postgres::Cluster::start());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut failed = Vec::new();
    for (name, case) in CASES {
        let place = Place {
            location: runtime.block_on(cluster.database(name)).parse().unwrap(),
            directory: TempDir::new().unwrap(),
        };
        if runtime.block_on(runtime.spawn(case(place))).is_err() {
            failed.push(*name);
        }
    }
    let place = |name: &str| Place {
        location: runtime.block_on(cluster.database(name)).parse().unwrap(),
        directory: TempDir::new().unwrap(),
    };
    if runtime.block_on(runtime.spawn(durability::nodes_share_a_database(place("nodes")))).is_err() {
        failed.push("nodes_share_a_database");
    }
    runtime.block_on(async {
        let missing = open(&cluster.url("nothing").parse().unwrap()).await.err().unwrap();
        assert!(missing.to_string().contains("nothing"), "{missing}");
    });
    assert!(failed.is_empty(), "on PostgreSQL these fail: {failed:?}");
}
