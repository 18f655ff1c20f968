//! Who may do what: pure functions over facts that a store gathered inside its transaction. No SQL, no transport.
//!
//! Two refusals, kept apart: what the caller may not see is `not_found`, exactly as if it did not exist; what they
//! see but may not do is `forbidden`, with a sentence that says why.

use confab_protocol::account::Role;
use confab_protocol::room::RoomKind;
use confab_protocol::{Error, ErrorCode, UserId, limits};

/// A rule's answer: nothing, or the refusal that the caller hears.
pub type Ruling = Result<(), Error>;

/// How someone stands to a room. A room that is deleted, of another workspace or of an archived one has no standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What kind of room.
    pub kind: RoomKind,
    /// The room is closed for writing.
    pub archived: bool,
    /// Their role in its workspace; None when they are not in it.
    pub role: Option<Role>,
    /// They are in the room.
    pub inside: bool,
    /// They made the room.
    pub maker: bool,
}

impl Standing {
    /// Whether the room exists for them.
    #[must_use]
    pub fn sees(&self) -> bool {
        match self.role {
            None => false,
            Some(_) if self.inside => true,
            Some(role) => self.kind == RoomKind::Public && role > Role::Guest,
        }
    }

    fn is_admin(&self) -> bool {
        self.role >= Some(Role::Admin)
    }

    fn manages(&self) -> bool {
        self.is_admin() || self.maker
    }
}

/// Whether they may know of the room at all.
///
/// # Errors
/// `not_found`.
pub fn see(standing: &Standing) -> Ruling {
    if standing.sees() { Ok(()) } else { Err(Error::not_found()) }
}

/// Whether they are in the room: what comes before any look at what was written there, retries included.
///
/// # Errors
/// `not_found`.
pub fn be_inside(standing: &Standing) -> Ruling {
    if standing.inside && standing.role.is_some() { Ok(()) } else { Err(Error::not_found()) }
}

/// `message:send`, and `message:react` in general.
///
/// # Errors
/// `not_found` outside the room, `forbidden` in an archived one.
pub fn write(standing: &Standing) -> Ruling {
    be_inside(standing)?;
    if standing.archived { Err(archived()) } else { Ok(()) }
}

/// `message:edit`: only the author, since the words are theirs.
///
/// # Errors
/// As [`write()`]; `forbidden` for someone else's message.
pub fn edit(standing: &Standing, own: bool) -> Ruling {
    write(standing)?;
    if own { Ok(()) } else { Err(Error::forbidden("Only the author can edit a message.")) }
}

/// `message:delete`: the author, and the workspace's admins.
///
/// # Errors
/// As [`write()`]; `forbidden` for someone else's message.
pub fn delete(standing: &Standing, own: bool) -> Ruling {
    write(standing)?;
    if own || standing.is_admin() {
        Ok(())
    } else {
        Err(Error::forbidden("Only the author or an admin can delete a message."))
    }
}

/// `message:react` with an emoji that is not on the message yet, beside `distinct` others.
///
/// # Errors
/// `too_large` when there are too many.
pub fn new_emoji(distinct: usize) -> Ruling {
    if distinct < limits::REACTIONS_MAX {
        Ok(())
    } else {
        let most = limits::REACTIONS_MAX;
        Err(Error::new(ErrorCode::TooLarge, format!("A message takes at most {most} different reactions.")))
    }
}

/// `message:send` into a thread. `is_answer`: the message that is named as its first is itself an answer in another.
///
/// # Errors
/// `bad_request`: threads do not branch.
pub fn answer_in_thread(is_answer: bool) -> Ruling {
    if is_answer {
        Err(Error::bad_request("That message is itself an answer in a thread. Name the thread's first message."))
    } else {
        Ok(())
    }
}

/// `message:pin` of one more message, beside `pinned` others.
///
/// # Errors
/// `too_large` when there are too many.
pub fn new_pin(pinned: u64) -> Ruling {
    if pinned < limits::PINS_MAX as u64 {
        Ok(())
    } else {
        let most = limits::PINS_MAX;
        Err(Error::new(ErrorCode::TooLarge, format!("A room takes at most {most} pins. Take one off first.")))
    }
}

/// `room:join`. Who is in the room already may, whatever room it is.
///
/// # Errors
/// `not_found` for rooms that they do not see, `forbidden` for archived ones.
pub fn join(standing: &Standing) -> Ruling {
    see(standing)?;
    if standing.archived && !standing.inside { Err(archived()) } else { Ok(()) }
}

/// `room:leave`; archived rooms too.
///
/// # Errors
/// `not_found` outside the room, `forbidden` in a direct one.
pub fn leave(standing: &Standing) -> Ruling {
    be_inside(standing)?;
    not_direct(standing, "Nobody can leave a direct conversation.")
}

/// `room:invite`.
///
/// # Errors
/// As [`write()`]; `forbidden` for guests and in direct rooms.
pub fn invite(standing: &Standing) -> Ruling {
    write(standing)?;
    not_direct(standing, "A direct conversation keeps its people. Open a new one with more of them.")?;
    not_guest(standing.role, "Guests cannot invite others.")
}

/// `room:kick`: the admins and the room's maker, everybody but an owner and themselves. `target` is the other one's
/// role in the workspace.
///
/// # Errors
/// `not_found` for rooms that they do not see, else `forbidden`.
pub fn kick(standing: &Standing, target: Option<Role>, oneself: bool) -> Ruling {
    see(standing)?;
    not_direct(standing, "Nobody can be removed from a direct conversation.")?;
    if !standing.manages() {
        return Err(Error::forbidden("Only admins and the room's maker can remove someone."));
    }
    if oneself {
        return Err(Error::forbidden("You cannot remove yourself. Leave the room instead."));
    }
    if target == Some(Role::Owner) {
        return Err(Error::forbidden("The workspace's owner cannot be removed."));
    }
    Ok(())
}

/// What a `room:update` wants to change for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoomChange {
    /// The name or the topic.
    pub words: bool,
    /// Archive it, or bring it back.
    pub archived: Option<bool>,
}

/// `room:update` but for `muted`, which is each member's own: the words by every member but guests, archiving by the
/// admins and the room's maker.
///
/// # Errors
/// `not_found` for rooms that they do not see, else `forbidden`.
pub fn update(standing: &Standing, change: RoomChange) -> Ruling {
    see(standing)?;
    if !change.words && change.archived.is_none() {
        return Ok(());
    }
    not_direct(standing, "A direct conversation has no name or topic and cannot be archived.")?;
    not_guest(standing.role, "Guests cannot change a room.")?;
    if change.archived.is_some() && !standing.manages() {
        return Err(Error::forbidden("Only admins and the room's maker can archive it or bring it back."));
    }
    if change.words {
        if !standing.inside && !standing.is_admin() {
            return Err(Error::forbidden("Join the room to change it."));
        }
        if standing.archived && change.archived != Some(false) {
            return Err(archived());
        }
    }
    Ok(())
}

/// `room:delete`: the workspace's admins.
///
/// # Errors
/// `not_found` for rooms that they do not see, else `forbidden`.
pub fn delete_room(standing: &Standing) -> Ruling {
    see(standing)?;
    not_direct(standing, "A direct conversation cannot be deleted.")?;
    if standing.is_admin() { Ok(()) } else { Err(Error::forbidden("Only admins can delete a room.")) }
}

/// `room:create`, by someone of this role in the workspace.
///
/// # Errors
/// `not_found` outside the workspace, `forbidden` for guests, `bad_request` for a direct room.
pub fn create_room(role: Option<Role>, kind: RoomKind) -> Ruling {
    in_workspace(role)?;
    not_guest(role, "Guests cannot make rooms.")?;
    if kind == RoomKind::Direct {
        return Err(Error::bad_request("Direct conversations are opened with direct:open."));
    }
    Ok(())
}

/// `direct:open` for a set of people that has no room yet. `people` is everybody in it, the caller included.
///
/// # Errors
/// `not_found` outside the workspace, `forbidden` for guests, `bad_request` for too many people.
pub fn open_direct(role: Option<Role>, people: &[UserId]) -> Ruling {
    in_workspace(role)?;
    if people.len() > limits::DIRECT_MAX + 1 {
        let most = limits::DIRECT_MAX;
        return Err(Error::bad_request(format!("A direct conversation has at most {most} people besides you.")));
    }
    not_guest(role, "Guests cannot begin a direct conversation.")
}

/// `workspace:create`, by a person of this role on the server.
///
/// # Errors
/// `forbidden` for guests.
pub fn create_workspace(server_role: Role, guest: bool) -> Ruling {
    if guest || server_role == Role::Guest { Err(Error::forbidden("Guests cannot make workspaces.")) } else { Ok(()) }
}

/// `workspace:update` and `workspace:archive`: its admins.
///
/// # Errors
/// `not_found` outside the workspace, else `forbidden`.
pub fn manage_workspace(role: Option<Role>) -> Ruling {
    in_workspace(role)?;
    if role >= Some(Role::Admin) { Ok(()) } else { Err(Error::forbidden("Only admins can change the workspace.")) }
}

/// `workspace:join`: open workspaces by everybody with an account, one's own again by everybody.
///
/// # Errors
/// `not_found` for a workspace that is not open, `forbidden` for guests.
pub fn join_workspace(role: Option<Role>, open: bool, guest: bool) -> Ruling {
    match role {
        Some(_) => Ok(()),
        None if !open => Err(Error::not_found()),
        None if guest => Err(Error::forbidden("Guests come into a workspace by invitation only.")),
        None => Ok(()),
    }
}

/// `workspace:leave`.
///
/// # Errors
/// `not_found` outside the workspace, `forbidden` for its last owner.
pub fn leave_workspace(role: Option<Role>, owners: u64) -> Ruling {
    in_workspace(role)?;
    if role == Some(Role::Owner) && owners <= 1 {
        return Err(Error::forbidden("The last owner cannot leave the workspace."));
    }
    Ok(())
}

/// Somebody in a workspace whose place in it is to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Their role; None when they are not in the workspace.
    pub role: Option<Role>,
    /// They came by name alone.
    pub guest: bool,
    /// They are the caller.
    pub oneself: bool,
}

/// `member:update`: the workspace's admins, also down from their own role. Owners are made and unmade by owners, and one of
/// `owners` remains. Who came by name alone stays a guest.
///
/// # Errors
/// `not_found` outside the workspace and for who is not in it, else `forbidden`.
pub fn change_role(role: Option<Role>, target: Target, to: Role, owners: u64) -> Ruling {
    in_workspace(role)?;
    if role < Some(Role::Admin) {
        return Err(Error::forbidden("Only admins can change somebody's role."));
    }
    let now = target.role.ok_or_else(Error::not_found)?;
    if (now == Role::Owner || to == Role::Owner) && now != to && role != Some(Role::Owner) {
        return Err(Error::forbidden("Only an owner can make somebody an owner, or take that from them."));
    }
    if now == Role::Owner && to != Role::Owner && owners <= 1 {
        return Err(Error::forbidden("A workspace needs an owner. Make somebody else one first."));
    }
    if target.guest && to > Role::Guest {
        return Err(Error::forbidden("They came by name alone and stay a guest until they have an account."));
    }
    Ok(())
}

/// `member:remove`: the workspace's admins; admins are removed by owners, and owners by nobody.
///
/// # Errors
/// `not_found` outside the workspace and for who is not in it, else `forbidden`.
pub fn remove_from_workspace(role: Option<Role>, target: Target) -> Ruling {
    in_workspace(role)?;
    if role < Some(Role::Admin) {
        return Err(Error::forbidden("Only admins can remove somebody from the workspace."));
    }
    if target.oneself {
        return Err(Error::forbidden("You cannot remove yourself. Leave the workspace instead."));
    }
    match target.role.ok_or_else(Error::not_found)? {
        Role::Owner => Err(Error::forbidden("The workspace's owner cannot be removed.")),
        Role::Admin if role != Some(Role::Owner) => Err(Error::forbidden("Only an owner can remove an admin.")),
        _ => Ok(()),
    }
}

/// The role that an invitation gives: never more than guest to someone who came by name alone.
#[must_use]
pub fn invited_role(invitation: Role, guest: bool) -> Role {
    if guest { Role::Guest } else { invitation.min(Role::Admin) }
}

fn in_workspace(role: Option<Role>) -> Ruling {
    if role.is_some() { Ok(()) } else { Err(Error::not_found()) }
}

fn not_guest(role: Option<Role>, why: &str) -> Ruling {
    if role > Some(Role::Guest) { Ok(()) } else { Err(Error::forbidden(why)) }
}

fn not_direct(standing: &Standing, why: &str) -> Ruling {
    if standing.kind == RoomKind::Direct { Err(Error::forbidden(why)) } else { Ok(()) }
}

fn archived() -> Error {
    Error::forbidden("The room is archived. Bring it back to write in it.")
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
