#![no_main]

use countersign_identity::Xfcc;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(read) = Xfcc::parse(&[bytes]) else {
        return;
    };
    assert!(read.last().is_ok());
    assert_eq!(read.only().is_ok(), read.elements().len() == 1);
    for element in read.elements() {
        if let Ok(chain) = element.chain() {
            let written = Xfcc::new(chain.clone()).to_string();
            let again = Xfcc::parse(&[written.as_bytes()]).unwrap();
            assert_eq!(again.only().unwrap().chain(), Ok(chain));
        }
    }
});
