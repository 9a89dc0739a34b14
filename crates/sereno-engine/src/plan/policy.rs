//! Whose yes a risk demands. A policy may be stricter than the house rule, never laxer, save for procedures that the
//! team has named as fit to run unattended, and then only up to a change.

use super::Approval;
use sereno_model::Risk;

/// How strict a policy is about one risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    None,
    Operator,
    ReadRaw,
    SecondPerson,
}

/// The rules for one procedure.
#[derive(Debug, Clone)]
pub struct Policy {
    pub observe: Level,
    pub change: Level,
    pub unclear: Level,
    pub destroy: Level,
    /// The team has named this procedure as fit to run unattended: its changes need nobody's yes.
    pub unattended: bool,
    /// The word to type before destruction, where the runbook names none.
    pub word: String,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            observe: Level::None,
            change: Level::Operator,
            unclear: Level::ReadRaw,
            destroy: Level::SecondPerson,
            unattended: false,
            word: "CONFIRMAR".to_owned(),
        }
    }
}

impl Policy {
    /// The approval that a risk demands; `word` is the runbook's own word, if it names one.
    pub fn approval(&self, risk: Risk, word: Option<&str>) -> Approval {
        let house = Self::default();
        let level = match risk {
            Risk::Observe => self.observe.max(house.observe),
            Risk::Change if self.unattended => Level::None,
            Risk::Change => self.change.max(house.change),
            Risk::Unclear => self.unclear.max(house.unclear),
            Risk::Destroy => self.destroy.max(house.destroy),
        };
        match level {
            Level::None => Approval::None,
            Level::Operator => Approval::Operator,
            Level::ReadRaw => Approval::ReadRaw,
            Level::SecondPerson => Approval::SecondPerson { word: word.unwrap_or(&self.word).to_owned() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_can_be_stricter_but_never_laxer() {
        let lax = Policy { destroy: Level::None, unclear: Level::None, change: Level::None, ..Policy::default() };
        assert_eq!(lax.approval(Risk::Destroy, None), Approval::SecondPerson { word: "CONFIRMAR".into() });
        assert_eq!(lax.approval(Risk::Unclear, None), Approval::ReadRaw);
        assert_eq!(lax.approval(Risk::Change, None), Approval::Operator);
        let strict = Policy { change: Level::SecondPerson, ..Policy::default() };
        assert_eq!(strict.approval(Risk::Change, Some("SI")), Approval::SecondPerson { word: "SI".into() });
    }

    #[test]
    fn unattended_reaches_up_to_a_change_and_no_further() {
        let unattended = Policy { unattended: true, ..Policy::default() };
        assert_eq!(unattended.approval(Risk::Change, None), Approval::None);
        assert_eq!(unattended.approval(Risk::Unclear, None), Approval::ReadRaw);
        assert!(matches!(unattended.approval(Risk::Destroy, None), Approval::SecondPerson { .. }));
    }
}
