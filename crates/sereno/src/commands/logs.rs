//! `sereno logs`: what components write, several merged by time.

mod key;
mod reading;
mod shown;

use crate::context::Context;
use crate::exit::Exit;
use crate::output;
use crate::report::{Failure, Result};
use crate::service_args::LogsArgs;
use crate::system::{self, chosen, failure};
use jiff::{Timestamp, ToSpan as _};
use reading::Reading;
use regex::Regex;
use sereno_platform::merge::Merge;
use sereno_platform::{Detail, LogWanted};
use shown::Shown;

/// How many lines of each instance are shown when nothing else is said.
const USUAL_TAIL: u64 = 100;

pub(crate) async fn logs(context: &Context, args: &LogsArgs) -> Result<Exit> {
    let wanted = wanted(args)?;
    let grep = args.grep.as_deref().map(pattern).transpose()?;
    let platform = system::platform(context).await?;
    let all = platform.components(Detail::State).await.map_err(|error| failure(&error))?;
    let chosen = chosen(&all, &args.components)?;
    let mut merge = Merge::new(Vec::new(), wanted.follow);
    let mut reading = Reading::new(platform.as_ref(), wanted, &args.components);
    let lang = context.lang;
    let mut say = |text: sereno_model::Text| output::say(format!("sereno: {}", text.get(lang)));
    reading.begin(&chosen, &mut merge, &mut say);
    if reading.is_empty() {
        return Err(Failure::new(
            Exit::Refused,
            "nothing runs or ran that could have written anything",
            "no hay ni hubo nada en marcha que pudiera escribir algo",
        ));
    }
    let mut shown = Shown::new(context, args, grep);
    reading.print(&mut shown, merge, &mut say).await.map_err(|error| failure(&error))
}

fn wanted(args: &LogsArgs) -> Result<LogWanted> {
    let since = args.since.as_deref().map(|text| since(text, Timestamp::now())).transpose()?;
    let tail = args.tail.or(if since.is_none() { Some(USUAL_TAIL) } else { None });
    Ok(LogWanted { follow: args.follow, since, tail })
}

/// A moment, or how long ago.
pub(super) fn since(text: &str, now: Timestamp) -> Result<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let ago = text.char_indices().next_back().and_then(|(last, unit)| {
        let number: i64 = text[..last].parse().ok().filter(|number| (0..1_000_000).contains(number))?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86400,
            _ => return None,
        };
        now.checked_sub((number * seconds).seconds()).ok()
    });
    ago.ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            format!("--since: `{text}` is neither a moment nor how long ago"),
            format!("--since: `{text}` no es un momento ni hace cuánto"),
        )
        .hint("for example 10m, 2h, 3d or 2026-11-26T10:00:00Z", "por ejemplo 10m, 2h, 3d o 2026-11-26T10:00:00Z")
    })
}

fn pattern(text: &str) -> Result<Regex> {
    Regex::new(text).map_err(|error| {
        Failure::new(Exit::Usage, format!("--grep: {error}"), format!("--grep: {error}"))
            .hint("a literal dot or bracket takes a backslash", "un punto o corchete literal lleva una barra invertida")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_moment_or_how_long_ago() {
        let now: Timestamp = "2026-11-26T10:00:00Z".parse().expect("a time");
        let at = |text: &str| since(text, now).map(|at| at.to_string()).ok();
        assert_eq!(at("10m").as_deref(), Some("2026-11-26T09:50:00Z"));
        assert_eq!(at("3d").as_deref(), Some("2026-11-23T10:00:00Z"));
        assert_eq!(at("2026-11-26T08:00:00-03:00").as_deref(), Some("2026-11-26T11:00:00Z"));
        for wrong in ["", "m", "10", "yesterday", "99999999999h", "-5m", "é"] {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }
}
