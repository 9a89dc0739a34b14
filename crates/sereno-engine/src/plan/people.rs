//! Who the settings knew when a plan was made. The rule of the second person is only as strong as the list of people, and a
//! list can be swapped by naming another file of settings: so the plan binds it.

use super::Plan;
use crate::run::Person;
use serde::{Deserialize, Serialize};

/// A person of the settings, and the OS user who proves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownPerson {
    pub name: String,
    pub os_user: String,
    /// Their roles do not let them approve.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_not_approve: bool,
}

impl Plan {
    /// Whether one person may stand in for two: nobody else was configured when the plan was made.
    pub fn is_of_one_person(&self) -> bool {
        self.people.len() <= 1
    }

    /// Whether a person's yes counts as the second person's: one whom the settings knew, as an approver, when the plan was
    /// made. Whoever came since, or became an approver since, may be the starter's own invention.
    pub fn knows_as_approver(&self, person: &Person) -> bool {
        let is_theirs =
            |known: &&KnownPerson| person.how == format!("os-user:{}", known.os_user) || person.name == known.name;
        self.people.is_empty() || self.people.iter().find(is_theirs).is_some_and(|known| !known.may_not_approve)
    }

    /// The people that a later list lacks, or knows by another login. One that grew lacks nobody.
    pub fn people_lost<'p>(&'p self, now: &[KnownPerson]) -> Vec<&'p KnownPerson> {
        let is_same = |a: &KnownPerson, b: &KnownPerson| a.name == b.name && a.os_user == b.os_user;
        self.people.iter().filter(|person| !now.iter().any(|known| is_same(known, person))).collect()
    }
}
