//! What is asked and answered.

use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
pub(super) struct Paging {
    #[serde(rename = "limit")]
    _limit: Option<u32>,
    #[serde(rename = "after")]
    _after: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Page {
    pub(super) items: Vec<String>,
    pub(super) next: Option<String>,
}
