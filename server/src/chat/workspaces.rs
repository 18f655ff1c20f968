//! Workspaces: made, joined, left, closed.

use confab_protocol::account::User;
use confab_protocol::event::{WorkspaceCreate, WorkspaceUpdate};
use confab_protocol::workspace::{Member, Workspace};
use confab_protocol::{Error, Slug, text};

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
        check_icon(icon.as_deref())?;
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
        check_icon(request.icon.as_deref())?;
        let slug = request.slug;
        let op = Op::UpdateWorkspace { slug: slug.clone(), name, icon: request.icon, open: request.open };
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

    async fn own_workspace(&self, user: &User, slug: &Slug) -> Result<Workspace, Error> {
        self.store.workspace(slug, &user.id).await?.ok_or_else(Error::not_found)
    }
}

fn check_icon(icon: Option<&str>) -> Result<(), Error> {
    match icon {
        Some(icon) if icon.len() > ICON_BYTES || icon.chars().any(char::is_control) => {
            Err(Error::bad_request("An icon is an emoji or the id of a file."))
        }
        _ => Ok(()),
    }
}
