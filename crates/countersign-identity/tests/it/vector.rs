//! Against bytes that others published: `fixtures/vectors/README.md` says who.

use crate::read;

const CERTIFICATE: &[u8] =
    include_bytes!("../../../../fixtures/vectors/rfc8705-appendix-a-cert.der");
const CONFIRMATION: &str = include_str!("../../../../fixtures/vectors/rfc8705-appendix-a-cnf.json");

#[test]
fn the_thumbprint_is_the_one_of_rfc_8705_appendix_a() {
    let document: serde_json::Value = serde_json::from_str(CONFIRMATION).unwrap();
    assert_eq!(
        read(CERTIFICATE).thumbprint().to_string(),
        document["cnf"]["x5t#S256"].as_str().unwrap()
    );
}
