//! Any text is a file of settings, or says why not, with places that lie within it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sereno_model::settings::Settings;

fuzz_target!(|text: &str| {
    let (_, diagnostics) = Settings::parse(text, "sereno.toml");
    for diagnostic in diagnostics {
        assert!(text.get(diagnostic.span.clone()).is_some(), "{:?}", diagnostic.span);
    }
});
