//! What a person reads, always in both languages of the house.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A language that Sereno speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// Spanish.
    Es,
    /// English.
    #[default]
    En,
}

impl Lang {
    /// The language that a POSIX locale name asks for (`es_AR.UTF-8` is Spanish); English when it names neither.
    pub fn from_locale(locale: &str) -> Self {
        if locale == "es" || locale.starts_with("es_") || locale.starts_with("es-") || locale.starts_with("es.") {
            Self::Es
        } else {
            Self::En
        }
    }
}

/// One message in English and in Spanish. Both are written where the message is born, so neither can be forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Text {
    pub en: String,
    pub es: String,
}

impl Text {
    pub fn new(en: impl Into<String>, es: impl Into<String>) -> Self {
        Self { en: en.into(), es: es.into() }
    }

    /// A text that is the same in both languages (a name, a command).
    pub fn same(text: impl Into<String>) -> Self {
        let en = text.into();
        Self { es: en.clone(), en }
    }

    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::Es => &self.es,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locale_names_choose_the_language() {
        for (locale, lang) in [
            ("es_AR.UTF-8", Lang::Es),
            ("es", Lang::Es),
            ("en_US.UTF-8", Lang::En),
            ("C", Lang::En),
            ("est_EE", Lang::En),
            ("", Lang::En),
        ] {
            assert_eq!(Lang::from_locale(locale), lang, "{locale}");
        }
    }
}
