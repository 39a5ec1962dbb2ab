use countersign_pki::MANIFEST_SCHEMA;

use crate::ui;

/// `countersign pki schema`.
pub(super) fn run() {
    ui::data(MANIFEST_SCHEMA.trim_end());
}
