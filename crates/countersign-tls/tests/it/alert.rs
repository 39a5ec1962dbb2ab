use countersign_tls::Alert;

#[test]
fn alerts_have_the_names_of_rfc_8446() {
    for (alert, number, name) in [
        (Alert::BAD_CERTIFICATE, 42, "bad_certificate"),
        (
            Alert::UNSUPPORTED_CERTIFICATE,
            43,
            "unsupported_certificate",
        ),
        (Alert::CERTIFICATE_REVOKED, 44, "certificate_revoked"),
        (Alert::CERTIFICATE_EXPIRED, 45, "certificate_expired"),
        (Alert::CERTIFICATE_UNKNOWN, 46, "certificate_unknown"),
        (Alert::UNKNOWN_CA, 48, "unknown_ca"),
        (Alert::ACCESS_DENIED, 49, "access_denied"),
        (Alert::DECRYPT_ERROR, 51, "decrypt_error"),
        (Alert::CERTIFICATE_REQUIRED, 116, "certificate_required"),
    ] {
        assert_eq!(alert, Alert::new(number));
        assert_eq!(alert.number(), number);
        assert_eq!(alert.name(), Some(name));
        assert_eq!(alert.to_string(), name);
    }
}

#[test]
fn an_alert_without_a_name_is_told_by_its_number() {
    assert_eq!(Alert::new(213).name(), None);
    assert_eq!(Alert::new(213).to_string(), "alert 213");
}

#[test]
fn every_alert_that_rustls_can_send_is_the_one_with_its_number() {
    for number in 0..=u8::MAX {
        let alert = rustls::AlertDescription::from(number);
        assert_eq!(Alert::from(alert), Alert::new(number));
    }
}
