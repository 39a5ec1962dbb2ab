use countersign_identity::{CertificateError, IdentityError, NameError, Scheme};
use countersign_problem::Code;

#[test]
fn every_identity_error_has_the_code_that_both_ends_share() {
    let trust = || "partners".parse().unwrap();
    let scheme = Scheme::Spiffe;
    for (error, code, message) in [
        (
            IdentityError::Missing { scheme },
            Code::IdentityMissing,
            "the certificate has no spiffe name",
        ),
        (
            IdentityError::Ambiguous { scheme, count: 2 },
            Code::IdentityAmbiguous,
            "the certificate has 2 spiffe names where one identifies",
        ),
        (
            IdentityError::AmbiguousTrust {
                first: trust(),
                second: "clients".parse().unwrap(),
            },
            Code::IdentityAmbiguous,
            "more than one trust vouches for the certificate: `partners` and `clients`",
        ),
        (
            IdentityError::Malformed {
                scheme,
                source: NameError::Kind {
                    name: "x".to_owned(),
                },
            },
            Code::IdentityMalformed,
            "the spiffe name of the certificate cannot be used",
        ),
        (
            IdentityError::Certificate {
                source: CertificateError::Encoding,
            },
            Code::IdentityMalformed,
            "the certificate cannot be read",
        ),
        (
            IdentityError::NotAllowed {
                trust: trust(),
                name: "cn:admin".parse().unwrap(),
            },
            Code::IdentityNotAllowed,
            "the trust `partners` may not vouch for `cn:admin`",
        ),
    ] {
        assert_eq!(error.code(), code);
        assert_eq!(error.code().status(), 403);
        assert_eq!(error.to_string(), message);
    }
}
