use countersign_axum::{Caller, Connection, Json};

use super::document::WhoamiDocument;

/// `GET /whoami`: who the server takes the caller for, and how it knows.
pub(crate) async fn whoami(caller: Caller, connection: Connection) -> Json<WhoamiDocument> {
    Json(WhoamiDocument::of(&caller, &connection))
}
