//! What does a word mean that the help uses, and that not everybody says every day?

/// Each word, and its meaning in a sentence or less.
pub(super) const WORDS: [(&str, &str); 24] = [
    (
        "anchor",
        "the certificate of an authority that somebody trusts to vouch for others",
    ),
    (
        "authority, CA",
        "whoever signs the certificates of others, with a key and a certificate of its own; a root has signed its own",
    ),
    (
        "certificate",
        "a name, a public key and dates, with the signature of an authority on all of it",
    ),
    (
        "chain",
        "a certificate, and after it those of the authorities between it and an anchor",
    ),
    (
        "dev client",
        "a client whose certificate `pki init` made: billing and reports, whom the dev policy knows, newcomer, whom it does not know, and mallory, whose authority nobody trusts",
    ),
    (
        "distinguished name",
        "a name in parts, such as CN=Billing,O=ACME; CN is the common name. RFC 4514 says how it is written",
    ),
    (
        "fixture",
        "a certificate that is good or bad on purpose, with the verdicts that it deserves; the catalogue is all of ours",
    ),
    (
        "gateway",
        "a server in front of a service: it decides who may call, and passes on what is allowed",
    ),
    (
        "handshake",
        "how a TLS connection begins; in it both ends show their certificates and prove that they hold the keys",
    ),
    (
        "item",
        "an authority or a certificate that the manifest of a folder describes",
    ),
    (
        "manifest",
        "the file pki.toml, which says what certificates a folder shall have",
    ),
    (
        "mutual TLS",
        "TLS in which the client shows a certificate too; HTTPS alone asks for that of the server",
    ),
    (
        "PEM, DER",
        "two forms of certificates and keys: text between BEGIN and END lines, and the bytes themselves",
    ),
    (
        "pin",
        "the SHA-256 digest of a public key, by which somebody who expects that key and no other knows it",
    ),
    (
        "PKCS#10, PKCS#12",
        "a certificate signing request (CSR), and a store of a certificate and its key under a password, as browsers and Java use it",
    ),
    (
        "policy",
        "the file that says who may do what: principals, roles and permissions",
    ),
    (
        "principal",
        "our own name for a caller; it stays the same when the certificate is renewed",
    ),
    (
        "PSP, PSD2",
        "a payment service provider, and the directive of the EU that says what one may do: PSP_AS (keep accounts), PSP_PI (initiate payments), PSP_AI (read accounts), PSP_IC (issue cards). PSDGB-FCA-123456 is the number of one that the FCA of Great Britain has registered",
    ),
    (
        "QWAC, QSealC",
        "the certificates of a payment service provider, for TLS and for the sealing of messages; ours are shaped like them, and not qualified",
    ),
    (
        "revocation list, CRL",
        "the signed list of the certificates that an authority takes back before they end",
    ),
    (
        "route",
        "a method and a path of an API, and what it takes to call it",
    ),
    (
        "serial number",
        "the number by which an authority knows a certificate that it issued",
    ),
    (
        "SPIFFE ID",
        "the name of a program as a URI: spiffe://example.test/billing",
    ),
    (
        "trust",
        "a set of anchors, with the names for which they may vouch",
    ),
];
