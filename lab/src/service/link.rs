//! One connection to Redis that comes back by itself, and fails fast while there is none.

use std::time::{Duration, Instant};

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, Pipeline, RedisError, RedisResult};
use tokio::sync::Mutex;

/// After an attempt to connect that timed out, requests do not queue up behind the next one. A refusal is
/// quick and needs no rest: the first request after a restart finds the server.
const REST: Duration = Duration::from_millis(250);

pub(crate) struct Link {
    client: Client,
    config: AsyncConnectionConfig,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    connection: Option<MultiplexedConnection>,
    failed: Option<Instant>,
}

impl Link {
    /// Does not connect yet: a service starts even while Redis is down.
    pub(crate) fn new(url: &str, answer_within: Duration) -> RedisResult<Self> {
        Ok(Self {
            client: Client::open(url)?,
            config: AsyncConnectionConfig::new()
                .set_connection_timeout(Some(Duration::from_secs(1)))
                .set_response_timeout(Some(answer_within)),
            state: Mutex::default(),
        })
    }

    pub(crate) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        let mut again = true;
        loop {
            let mut connection = self.connection().await?;
            match command.query_async(&mut connection).await {
                Err(error) if self.forget(&error).await && again => again = false,
                result => return result,
            }
        }
    }

    /// Runs the commands as one transaction.
    pub(crate) async fn transaction(&self, commands: &mut Pipeline) -> RedisResult<()> {
        commands.atomic();
        let mut again = true;
        loop {
            let mut connection = self.connection().await?;
            match commands.query_async::<()>(&mut connection).await {
                Err(error) if self.forget(&error).await && again => again = false,
                result => return result,
            }
        }
    }

    async fn connection(&self) -> RedisResult<impl ConnectionLike> {
        let mut state = self.state.lock().await;
        if let Some(connection) = &state.connection {
            return Ok(connection.clone());
        }
        if state.failed.is_some_and(|at| at.elapsed() < REST) {
            return Err(RedisError::from(std::io::Error::new(
                std::io::ErrorKind::NotConnected,
                "not connected to Redis",
            )));
        }
        match self.client.get_multiplexed_async_connection_with_config(&self.config).await {
            Ok(connection) => {
                *state = State { connection: Some(connection.clone()), failed: None };
                Ok(connection)
            }
            Err(error) => {
                state.failed = error.is_timeout().then(Instant::now);
                Err(error)
            }
        }
    }

    /// Drops a connection that is of no more use; says whether another try on a new one makes sense.
    async fn forget(&self, error: &RedisError) -> bool {
        let lost = error.is_io_error() || error.is_connection_dropped() || error.is_unrecoverable_error();
        if lost {
            self.state.lock().await.connection = None;
        }
        // A server that accepted the question and does not answer will not answer the second one either.
        lost && !error.is_timeout()
    }
}
