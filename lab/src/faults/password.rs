//! The database's password, changed without a word to the application.

use super::sql;
use crate::failure::Result;
use crate::stack::Stack;

/// Also ends the sessions that were opened with the old one.
pub(crate) fn change(stack: &Stack<'_>, application: &str) -> Result<()> {
    set(stack, sql::OTHER_PASSWORD)?;
    let sessions = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name";
    sql::run(stack, &format!("{sessions} = '{application}'"))
}

pub(crate) fn restore(stack: &Stack<'_>) -> Result<()> {
    set(stack, stack.env.get("POSTGRES_PASSWORD").unwrap_or_default())
}

fn set(stack: &Stack<'_>, password: &str) -> Result<()> {
    let user = stack.env.get("POSTGRES_USER").unwrap_or_default().replace('"', "\"\"");
    sql::run(stack, &format!("ALTER ROLE \"{user}\" PASSWORD '{}'", password.replace('\'', "''")))
}
