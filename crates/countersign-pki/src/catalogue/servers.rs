//! Which servers must a client accept, and which refuse? All are called as `localhost`.

use super::expected::{Expected, Outcome};
use super::workshop::{Workshop, always, end, far_ahead, long_ago, start};
use super::{Made, Row};
use crate::request::Request;
use crate::usage::Usage;

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "server-ok",
        "a server as it should be",
        |workshop| Ok(Made::of(&localhost(workshop).issue()?)),
        Expected::SERVER_ACCEPTED,
    )
    .of_a_server(),
    Row::new(
        "server-ok-many-names",
        "a server of many names, this one among them",
        |workshop| {
            let request = always(workshop.issuing.server(start()));
            let request = request.dns("api.catalogue.example").dns("localhost");
            Ok(Made::of(&request.ip([127, 0, 0, 1]).issue()?))
        },
        Expected::SERVER_ACCEPTED,
    )
    .of_a_server(),
    Row::new(
        "server-wrong-host",
        "a server of another name",
        |workshop| {
            let request = always(workshop.issuing.server(start()));
            Ok(Made::of(&request.dns("api.catalogue.example").issue()?))
        },
        Expected::server_refused(42),
    )
    .of_a_server(),
    Row::new(
        "server-cn-only",
        "the name in the common name alone, where nobody should look any more",
        |workshop| {
            let request = always(workshop.issuing.server(start()));
            Ok(Made::of(&request.common_name("localhost").issue()?))
        },
        // OpenSSL still looks there, where there is no subject alternative name.
        Expected::server_refused(42).openssl(Outcome::Answered(200)),
    )
    .of_a_server(),
    Row::new(
        "server-expired",
        "a certificate that ended in 2001",
        |workshop| {
            Ok(Made::of(
                &localhost(workshop).validity(start(), long_ago()).issue()?,
            ))
        },
        Expected::server_refused(45),
    )
    .of_a_server(),
    Row::new(
        "server-not-yet-valid",
        "a certificate that begins in 2900",
        |workshop| {
            Ok(Made::of(
                &localhost(workshop).validity(far_ahead(), end()).issue()?,
            ))
        },
        Expected::server_refused(45).openssl(Outcome::Alert(42)),
    )
    .of_a_server(),
    Row::new(
        "server-client-eku-only",
        "the extended key usage allows a client only",
        |workshop| {
            let request = localhost(workshop).extended_key_usage(&[Usage::Client]);
            Ok(Made::of(&request.issue()?))
        },
        Expected::server_refused(43),
    )
    .of_a_server(),
    Row::new(
        "server-untrusted-ca",
        "the right name, from a CA that nobody trusts",
        |workshop| {
            let request = always(workshop.stranger.server(start())).dns("localhost");
            Ok(Made::of(&request.issue()?))
        },
        Expected::server_refused(48),
    )
    .of_a_server(),
    Row::new(
        "server-self-signed",
        "the certificate vouches for itself",
        |_| {
            let request = always(Request::self_signed(Usage::Server, start()));
            Ok(Made::of(
                &request.common_name("localhost").dns("localhost").issue()?,
            ))
        },
        Expected::server_refused(48),
    )
    .of_a_server(),
    Row::new(
        "server-missing-intermediate",
        "the leaf is sent alone",
        |workshop| {
            let issued = localhost(workshop).issue()?;
            Ok(Made::chain(issued.leaf_pem(), issued.key_pem()))
        },
        Expected::server_refused(48),
    )
    .of_a_server(),
    Row::new(
        "server-key-mismatch",
        "the key of another certificate: possession is not proven",
        |workshop| {
            let (mine, other) = (localhost(workshop).issue()?, localhost(workshop).issue()?);
            Ok(Made::chain(mine.chain_pem(), other.key_pem()))
        },
        Expected::server_refused(51),
    )
    .of_a_server(),
];

fn localhost(workshop: &Workshop) -> Request<'_> {
    always(workshop.issuing.server(start())).dns("localhost")
}
