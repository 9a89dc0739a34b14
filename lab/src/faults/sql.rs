//! A system's database, changed behind the application's back.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use crate::failure::{Doing, Failure, Result};
use crate::service::runtime;
use crate::stack::Stack;

/// What somebody else may have made the password.
pub(crate) const OTHER_PASSWORD: &str = "rotada-sin-avisar";

pub(crate) fn run(stack: &Stack<'_>, sql: &str) -> Result<()> {
    let sql = sql.to_owned();
    let url = url(stack)?;
    runtime()?.block_on(async move {
        let mut connection = connect(&url).await?;
        let what = || "changing the database".to_owned();
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.doing(what)?;
        connection.close().await.doing(what)
    })
}

pub(crate) fn number(stack: &Stack<'_>, sql: &str) -> Result<i64> {
    let sql = sql.to_owned();
    let url = url(stack)?;
    runtime()?.block_on(async move {
        let mut connection = connect(&url).await?;
        let what = || "asking the database".to_owned();
        let number = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut connection).await.doing(what)?;
        connection.close().await.doing(what)?;
        Ok(number)
    })
}

/// With the password of `.env`, or with the one that it was changed to.
async fn connect(url: &str) -> Result<PgConnection> {
    let options = options(url)?.application_name("lab");
    match options.connect().await {
        Ok(connection) => Ok(connection),
        Err(first) => {
            let other = options.password(OTHER_PASSWORD).connect().await;
            other.map_err(|_| Failure::new(format!("connecting to the database: {first}")))
        }
    }
}

pub(crate) fn options(url: &str) -> Result<PgConnectOptions> {
    url.parse().doing(|| "DATABASE_URL".to_owned())
}

fn url(stack: &Stack<'_>) -> Result<String> {
    stack.env.get("DATABASE_URL").map(str::to_owned).ok_or_else(|| Failure::new("DATABASE_URL is not set in .env"))
}
