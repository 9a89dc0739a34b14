//! Who the settings knew when a plan was made. The rule of the second person is only as strong as the list of people, and a
//! list can be swapped by naming another file of settings: so the plan binds it.

use super::Plan;
use serde::{Deserialize, Serialize};

/// A person of the settings, and the OS user who proves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownPerson {
    pub name: String,
    pub os_user: String,
}

impl Plan {
    /// Whether one person may stand in for two: nobody else was configured when the plan was made.
    pub fn is_of_one_person(&self) -> bool {
        self.people.len() <= 1
    }

    /// The people that a later list lacks, or knows by another login. One that grew lacks nobody.
    pub fn people_lost<'p>(&'p self, now: &[KnownPerson]) -> Vec<&'p KnownPerson> {
        self.people.iter().filter(|person| !now.contains(person)).collect()
    }
}
