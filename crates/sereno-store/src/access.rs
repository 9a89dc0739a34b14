//! Who may do what with the journal.

use crate::StoreError;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A person or a program, as they proved to be.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Actor {
    /// Stable: two entries with the same id are of the same person.
    pub id: String,
    /// How they proved it: `os-user`, `token`, `session`, `schedule`.
    pub how: String,
    /// What people call them.
    pub display: String,
}

impl Actor {
    pub fn new(id: impl Into<String>, how: impl Into<String>, display: impl Into<String>) -> Self {
        Self { id: id.into(), how: how.into(), display: display.into() }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(if self.display.is_empty() { &self.id } else { &self.display })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees everything, changes nothing.
    Viewer,
    /// Starts, resumes and cancels runs.
    Operator,
    /// Says yes to the runs of others.
    Approver,
    /// Does all of it, and rebuilds what is derived.
    Admin,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Approver, Self::Admin];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }

    /// The role of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a method does, as far as permission goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    Read,
    /// Appends entries, takes and gives back locks.
    Operate,
    /// Appends entries whose kind begins with `approval.`.
    Approve,
    /// Rebuilds what is derived from the journal.
    Administer,
}

impl Action {
    /// What an entry of this kind asks of the one who appends it.
    pub fn of_kind(kind: &str) -> Self {
        if kind.starts_with("approval.") { Self::Approve } else { Self::Operate }
    }

    /// The roles that may, the least powerful first.
    pub fn roles(self) -> &'static [Role] {
        match self {
            Self::Read => &Role::ALL,
            Self::Operate => &[Role::Operator, Role::Admin],
            Self::Approve => &[Role::Approver, Role::Admin],
            Self::Administer => &[Role::Admin],
        }
    }
}

/// On whose behalf a method is called.
#[derive(Debug, Clone)]
pub struct Context {
    pub actor: Actor,
    pub roles: Vec<Role>,
}

impl Context {
    pub fn new(actor: Actor, roles: impl IntoIterator<Item = Role>) -> Self {
        Self { actor, roles: roles.into_iter().collect() }
    }

    /// Someone who may do everything: the only person of a team of one.
    pub fn with_all_roles(actor: Actor) -> Self {
        Self::new(actor, Role::ALL)
    }

    /// Whether the actor may.
    pub fn may(&self, action: Action) -> Result<(), StoreError> {
        if self.roles.iter().any(|role| action.roles().contains(role)) {
            return Ok(());
        }
        let needs = action.roles().first().copied().unwrap_or(Role::Admin);
        Err(StoreError::NotAllowed { actor: self.actor.to_string(), needs })
    }
}
