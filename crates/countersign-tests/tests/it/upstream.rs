//! Which faults of the crates below us are still there? Each claim is what is wrong: when it fails, somebody has
//! mended it, and `docs/upstream.md` says which work-around of ours can go.

use std::sync::Arc;
use std::time::Duration;

use axum_server::tls_rustls::RustlsConfig;
use countersign_identity::Certificate;
use countersign_pki::{Authority, Issued, KeyUsage, NameConstraints, RevocationReason, Subtree};
use countersign_tls::provider;
use jiff::{SignedDuration, Timestamp};
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ED25519};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{CertificateError, Error, RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::raw::tls_config;

fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap()
}

fn roots(root: &Authority) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let der = CertificateDer::from(root.certificate_der()).into_owned();
    roots.add(der).unwrap();
    Arc::new(roots)
}

/// rustls' own verifier of clients, with these lists of `root` in this order.
fn verifier(root: &Authority, lists: &[Vec<u8>]) -> Arc<dyn ClientCertVerifier> {
    let lists = lists
        .iter()
        .map(|it| CertificateRevocationListDer::from(it.clone()));
    WebPkiClientVerifier::builder_with_provider(roots(root), provider())
        .with_crls(lists)
        .build()
        .unwrap()
}

/// What that verifier says of a chain at a moment.
fn verdict(verifier: &dyn ClientCertVerifier, issued: &Issued, at: Timestamp) -> Result<(), Error> {
    let chain: Vec<_> = issued
        .chain_der()
        .into_iter()
        .map(CertificateDer::from)
        .collect();
    let (leaf, intermediates) = chain.split_first().unwrap();
    let seconds = u64::try_from(at.as_second()).unwrap();
    let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    verifier
        .verify_client_cert(leaf, intermediates, at)
        .map(drop)
}

/// rustls-webpki: the first list that matches decides, and not the newest.
#[test]
fn webpki_takes_the_first_list_and_lets_a_revoked_client_in() {
    let root = Authority::root("Clients", now()).unwrap();
    let client = root.client(now()).common_name("billing").issue().unwrap();
    let older = root.crl(now()).number(1).issue().unwrap();
    let newer = root.crl(now()).number(2);
    let newer = newer.revoke(&client.serial(), RevocationReason::KeyCompromise, now());
    let (older, newer) = (older.der().to_vec(), newer.issue().unwrap().der().to_vec());

    let let_in = verifier(&root, &[older.clone(), newer.clone()]);
    assert_eq!(verdict(let_in.as_ref(), &client, now()), Ok(()));
    let refused = verifier(&root, &[newer, older]);
    let revoked = Error::InvalidCertificate(CertificateError::Revoked);
    assert_eq!(verdict(refused.as_ref(), &client, now()), Err(revoked));
}

/// rustls-webpki: under a constraint on URIs no certificate with a URI is good, not even one that it permits.
#[test]
fn webpki_refuses_every_uri_under_a_constraint_on_uris() {
    let root = Authority::root("Clients", now()).unwrap();
    let name = "spiffe://partner.example/billing";
    let plain = root.intermediate("Partner", now()).unwrap();
    let client = plain.client(now()).uri(name).issue().unwrap();
    let verifier = verifier(&root, &[]);
    assert_eq!(verdict(verifier.as_ref(), &client, now()), Ok(()));

    let permitted = NameConstraints::new().permit(Subtree::Uri("partner.example".to_owned()));
    let request = root.intermediate_request("Partner", now());
    let partner = request.name_constraints(permitted).issue_authority();
    let client = partner.unwrap().client(now()).uri(name).issue().unwrap();
    let said = verdict(verifier.as_ref(), &client, now());
    assert!(
        matches!(said, Err(Error::InvalidCertificate(_))),
        "{said:?}"
    );
}

/// rustls-webpki: what may not sign certificates issues some.
#[test]
fn webpki_lets_an_intermediate_issue_that_may_not() {
    let root = Authority::root("Clients", now()).unwrap();
    let request = root.intermediate_request("Odd", now());
    let odd = request.key_usage(&[KeyUsage::CrlSign]).issue_authority();
    let odd = odd.unwrap();
    let client = odd.client(now()).common_name("billing");
    let client = client.issue().unwrap();
    assert_eq!(
        verdict(verifier(&root, &[]).as_ref(), &client, now()),
        Ok(())
    );
}

/// rustls-webpki: an anchor is a name and a key, and does not end.
#[test]
fn webpki_goes_on_trusting_an_anchor_that_has_ended() {
    let day = SignedDuration::from_hours(24);
    let root = Authority::root_valid("Clients", now() - day * 9, now() - day).unwrap();
    let client = root.client(now() - day * 2).common_name("billing");
    let client = client.validity(now() - day * 2, now() + day);
    let client = client.issue().unwrap();
    assert_eq!(
        verdict(verifier(&root, &[]).as_ref(), &client, now()),
        Ok(())
    );
}

/// rustls: a list that is past its next update counts, unless one asks otherwise.
#[test]
fn rustls_goes_by_a_list_that_is_stale() {
    let root = Authority::root("Clients", now()).unwrap();
    let later = now() + SignedDuration::from_hours(24);
    let client = root.client(now()).common_name("billing").issue().unwrap();
    let list = root.crl(now()).next_update(later).issue().unwrap();
    let verifier = verifier(&root, &[list.der().to_vec()]);
    let after = later + SignedDuration::from_hours(1);
    assert_eq!(verdict(verifier.as_ref(), &client, after), Ok(()));
}

/// axum-server: a new certificate by `reload_from_pem` lets in whoever has none.
#[tokio::test]
async fn axum_server_forgets_to_ask_for_certificates_when_it_reloads() {
    let moment = Timestamp::now(); // what axum-server makes of a reload goes by the clock of the machine
    let root = Authority::root("Root", moment).unwrap();
    let server = root.server(moment).dns("localhost").issue().unwrap();
    let config = RustlsConfig::from_config(demanding(&root, &server));
    let refused = Error::AlertReceived(rustls::AlertDescription::CertificateRequired);
    assert_eq!(without_certificate(&root, &config).await, Err(refused));

    let (chain, key) = (server.chain_pem(), server.key_pem());
    let (chain, key) = (chain.as_bytes().to_vec(), key.as_bytes().to_vec());
    config.reload_from_pem(chain, key).await.unwrap();
    assert_eq!(without_certificate(&root, &config).await, Ok(()));
}

/// A server that demands certificates of `root`.
fn demanding(root: &Authority, server: &Issued) -> Arc<ServerConfig> {
    let chain = server.chain_der().into_iter().map(CertificateDer::from);
    let key = PrivateKeyDer::from_pem_slice(server.key_pem().as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier(root, &[]))
        .with_single_cert(chain.collect(), key)
        .unwrap();
    Arc::new(config)
}

/// How a client that has no certificate fares.
async fn without_certificate(root: &Authority, config: &RustlsConfig) -> Result<(), Error> {
    let (near, far) = duplex(1 << 16);
    let acceptor = TlsAcceptor::from(config.get_inner());
    let server = tokio::spawn(async move {
        let mut tls = acceptor.accept(far).await?;
        tls.write_all(b"!").await?;
        tls.shutdown().await
    });
    let client = tls_config(root, None, Timestamp::now(), "http/1.1");
    let connector = TlsConnector::from(client);
    let name = "localhost".try_into().unwrap();
    let mut tls = connector.connect(name, near).await.unwrap();
    let read = tls.read_u8().await;
    let _ = server.await.unwrap(); // where the client is refused, this ends with an error too
    match read {
        Ok(_) => Ok(()),
        Err(error) => Err(error
            .get_ref()
            .unwrap()
            .downcast_ref::<Error>()
            .unwrap()
            .clone()),
    }
}

/// rcgen: of two organizational units the second one stays, and nothing says so.
#[test]
fn rcgen_drops_an_attribute_that_comes_twice() {
    let mut params = CertificateParams::default();
    let unit = DnType::OrganizationalUnitName;
    params.distinguished_name.push(unit.clone(), "first");
    params.distinguished_name.push(unit.clone(), "second");
    let units = params.distinguished_name.iter();
    assert_eq!(units.filter(|(kind, _)| **kind == unit).count(), 1);
}

/// rcgen: two certificates for one key have one serial number, so the revocation of the first is that of the second.
#[test]
fn rcgen_repeats_the_serial_number_with_the_key() {
    let key = KeyPair::generate().unwrap();
    let serial = || {
        let made = CertificateParams::default().self_signed(&key).unwrap();
        let read = Certificate::from_der(made.der()).unwrap();
        read.serial().to_string()
    };
    assert_eq!(serial(), serial());
}

/// rcgen: a certificate is good until the year 4096 unless one says otherwise.
#[test]
fn rcgen_makes_certificates_that_do_not_end() {
    assert_eq!(CertificateParams::default().not_after.year(), 4096);
}

/// rcgen: its Ed25519 keys are PKCS#8 of the second version (RFC 5958), which OpenSSL reads from 3.5 on.
#[test]
fn rcgen_writes_ed25519_keys_that_older_programs_cannot_read() {
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let der = key.serialize_der();
    assert_eq!(
        der.get(2..5),
        Some(&[2, 1, 1][..]),
        "version 2 is written as 1"
    );
}

/// jiff: the end of all time as RFC 5280 has it (4.1.2.5) cannot be told.
#[test]
fn jiff_ends_before_the_last_moment_of_a_certificate() {
    assert!("9999-12-31T23:59:59Z".parse::<Timestamp>().is_err());
}
