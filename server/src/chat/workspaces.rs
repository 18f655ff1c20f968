//! Workspaces: made, joined, left, closed.

use confab_protocol::account::User;
use confab_protocol::event::{MemberUpdate, WorkspaceCreate, WorkspaceUpdate};
use confab_protocol::workspace::{Member, Workspace};
use confab_protocol::{Error, Slug, UserId, text};

use super::Chat;
use crate::store::Op;

/// The longest icon: an emoji or a file id.
const ICON_BYTES: usize = 64;

impl Chat {
    /// `workspace:create`.
    ///
    /// # Errors
    /// `conflict` for a slug that is or was taken; `forbidden` for guests.
    pub async fn create_workspace(&self, user: &User, request: WorkspaceCreate) -> Result<Workspace, Error> {
        if user.guest {
            return Err(Error::forbidden("Guests cannot make workspaces."));
        }
        let name = text::display_name(&request.name)?;
        let icon = request.icon.filter(|icon| !icon.is_empty());
        let icon = self.checked_icon(user, icon, None).await?;
        let slug = request.slug;
        self.write(&user.id, Op::CreateWorkspace { slug: slug.clone(), name, icon, open: request.open }).await?;
        self.own_workspace(user, &slug).await
    }

    /// `workspace:update`.
    ///
    /// # Errors
    /// `not_found`, or `forbidden` for who is not an admin of it.
    pub async fn update_workspace(&self, user: &User, request: WorkspaceUpdate) -> Result<Workspace, Error> {
        let name = request.name.as_deref().map(text::display_name).transpose()?;
        let slug = request.slug;
        let icon = self.checked_icon(user, request.icon, Some(&slug)).await?;
        let op = Op::UpdateWorkspace { slug: slug.clone(), name, icon, open: request.open };
        self.write(&user.id, op).await?;
        self.own_workspace(user, &slug).await
    }

    /// `workspace:archive`. Answers with who was in it.
    ///
    /// # Errors
    /// `not_found`, or `forbidden`.
    pub async fn archive_workspace(&self, user: &User, slug: Slug) -> Result<Vec<Member>, Error> {
        let members = self.store.members(&slug).await?;
        self.write(&user.id, Op::ArchiveWorkspace { slug }).await?;
        Ok(members)
    }

    /// `workspace:join`.
    ///
    /// # Errors
    /// `not_found` for one that is not open.
    pub async fn join_workspace(&self, user: &User, slug: Slug) -> Result<Workspace, Error> {
        self.write(&user.id, Op::JoinWorkspace { slug: slug.clone() }).await?;
        self.own_workspace(user, &slug).await
    }

    /// `workspace:leave`.
    ///
    /// # Errors
    /// `not_found`, or `forbidden` for the last owner.
    pub async fn leave_workspace(&self, user: &User, slug: Slug) -> Result<(), Error> {
        self.write(&user.id, Op::LeaveWorkspace { slug }).await.map(drop)
    }

    /// `member:update`. Answers with the member, whose presence is not filled in.
    ///
    /// # Errors
    /// `not_found`, or `forbidden` for who may not give or take that role.
    pub async fn update_member(&self, slug: &Slug, actor: &UserId, request: MemberUpdate) -> Result<Member, Error> {
        let MemberUpdate { user, role } = request;
        self.write(actor, Op::UpdateMember { slug: slug.clone(), user: user.clone(), role }).await?;
        self.store.member(slug, &user).await?.ok_or_else(Error::not_found)
    }

    /// An emoji, or an image of the caller's own; the icon that the workspace has already is as good.
    async fn checked_icon(
        &self,
        user: &User,
        icon: Option<String>,
        of: Option<&Slug>,
    ) -> Result<Option<String>, Error> {
        check_icon(icon.as_deref())?;
        let Some(file) = icon.as_deref().filter(|icon| is_file_id(icon)) else { return Ok(icon) };
        if let Some(slug) = of
            && let Some(workspace) = self.store.workspace(slug, &user.id).await?
            && workspace.role.is_some()
            && workspace.icon.as_deref() == Some(file)
        {
            return Ok(icon);
        }
        self.own_picture(&user.id, file).await.map(Some)
    }

    async fn own_workspace(&self, user: &User, slug: &Slug) -> Result<Workspace, Error> {
        self.store.workspace(slug, &user.id).await?.ok_or_else(Error::not_found)
    }
}

/// Ids of files are long runs of hex digits, and no emoji is.
fn is_file_id(icon: &str) -> bool {
    icon.len() >= 16 && icon.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn check_icon(icon: Option<&str>) -> Result<(), Error> {
    match icon {
        Some(icon) if icon.len() > ICON_BYTES || icon.chars().any(char::is_control) => {
            Err(Error::bad_request("An icon is an emoji or the id of a file."))
        }
        _ => Ok(()),
    }
}
