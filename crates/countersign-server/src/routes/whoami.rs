use countersign_axum::{Caller, Connection, Json};

use super::document::WhoamiDocument;

/// `GET /whoami`: who the server takes the caller for, and how it knows.
#[utoipa::path(get, path = "/whoami", tag = "whoami", responses((status = 200, body = WhoamiDocument)))]
pub(crate) async fn whoami(caller: Caller, connection: Connection) -> Json<WhoamiDocument> {
    Json(WhoamiDocument::of(&caller, &connection))
}
