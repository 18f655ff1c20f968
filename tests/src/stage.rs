//! A server that was set up, with three people in its first workspace.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::{Api, Server, ServerOptions, Wire};

/// Somebody with an account.
#[derive(Debug, Clone)]
pub struct Person {
    /// What they sign in with.
    pub login: String,
    /// Their password.
    pub password: String,
    /// Their token.
    pub token: String,
    /// Their id.
    pub id: String,
}

/// A claimed server: Ada owns it; Bob and Cem came by invitation. All are members of `/general`.
#[derive(Debug)]
pub struct Stage {
    /// The server.
    pub server: Server,
    /// The owner.
    pub ada: Person,
    /// A member.
    pub bob: Person,
    /// Another member.
    pub cem: Person,
    /// The code of an invitation to `/general` that never runs out.
    pub invite: String,
}

impl Stage {
    /// A stage without rate limits in the way.
    ///
    /// # Errors
    /// When the server does not come up or refuses.
    pub async fn new() -> Result<Self> {
        Self::with(ServerOptions::unhurried()).await
    }

    /// A stage on a server started like this.
    ///
    /// # Errors
    /// When the server does not come up or refuses.
    pub async fn with(options: ServerOptions) -> Result<Self> {
        let server = Server::start(options).await?;
        let api = server.api()?;
        let ada = person("ada", &api.setup(server.setup_token(), "ada", "ada's password").await?)?;
        let invite = api.as_user(&ada.token).invite("general").await?;
        let bob = person("bob", &api.account("bob", "bob's password", &invite).await?)?;
        let cem = person("cem", &api.account("cem", "cem's password", &invite).await?)?;
        Ok(Self { server, ada, bob, cem, invite })
    }

    /// The HTTP side in somebody's name.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn api(&self, who: &Person) -> Result<Api> {
        Ok(self.server.api()?.as_user(&who.token))
    }

    /// A raw connection of somebody, in `/general`: the connection and `workspace:ready`.
    ///
    /// # Errors
    /// When the handshake is refused.
    pub async fn enter(&self, who: &Person) -> Result<(Wire, Value)> {
        let mut wire = Wire::open(self.server.addr()).await?;
        wire.connect("/general", &who.token).await??;
        let ready = wire.push("/general", "workspace:ready").await?;
        Ok((wire, ready))
    }

    /// What scripts need to know, as the JSON in `CONFAB_STAGE`.
    #[must_use]
    pub fn describe(&self) -> Value {
        let person = |p: &Person| json!({ "login": p.login, "password": p.password, "token": p.token, "id": p.id });
        json!({
            "url": self.server.url(),
            "setup_token": self.server.setup_token(),
            "invite": self.invite,
            "ada": person(&self.ada), "bob": person(&self.bob), "cem": person(&self.cem),
        })
    }
}

/// The id of the room with this name in a `workspace:ready`.
///
/// # Errors
/// When there is none.
pub fn room_id(ready: &Value, name: &str) -> Result<String> {
    let rooms = ready["rooms"].as_array().context("workspace:ready has rooms")?;
    let room = rooms.iter().find(|room| room["name"] == name).with_context(|| format!("no room {name} in {ready}"))?;
    Ok(room["id"].as_str().context("a room has an id")?.to_owned())
}

fn person(login: &str, signed_in: &Value) -> Result<Person> {
    let text = |value: &Value| value.as_str().map(str::to_owned).with_context(|| format!("not signed in: {signed_in}"));
    Ok(Person {
        login: login.into(),
        password: format!("{login}'s password"),
        token: text(&signed_in["token"])?,
        id: text(&signed_in["user"]["id"])?,
    })
}
