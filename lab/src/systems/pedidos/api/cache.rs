//! Reads through Redis: what is there is served, what is not is fetched and kept for a while.
//!
//! Without Redis everything is a miss, and the database answers.

use redis::cmd;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::App;
use crate::service::answer::Refusal;
use crate::service::database::StoreError;

const LIFE_SECONDS: u64 = 300;

impl App {
    pub(super) async fn cached<T: Serialize + DeserializeOwned>(
        &self,
        key: &str,
        fetch: impl Future<Output = Result<Option<T>, StoreError>>,
    ) -> Result<Option<T>, Refusal> {
        let found: Option<String> = self.redis.query(cmd("GET").arg(key)).await.unwrap_or_default();
        let found = found.and_then(|text| serde_json::from_str(&text).ok());
        self.metrics.cache_lookup(found.is_some());
        if found.is_some() {
            return Ok(found);
        }
        let value = fetch.await?;
        if let Some(value) = &value
            && let Ok(text) = serde_json::to_string(value)
        {
            let mut keep = cmd("SET");
            keep.arg(key).arg(text).arg("EX").arg(LIFE_SECONDS);
            // A cache that does not take it costs the next reader some time, no more.
            let _ = self.redis.query::<()>(&keep).await;
        }
        Ok(value)
    }

    pub(super) async fn forget(&self, keys: &[String]) {
        let mut command = cmd("DEL");
        command.arg(keys);
        // Entries end by themselves after five minutes.
        let _ = self.redis.query::<()>(&command).await;
    }
}
