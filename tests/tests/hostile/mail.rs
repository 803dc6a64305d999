use crate::{Flood, Once, Then, limits, name, step, walk};

#[test]
fn smtp() {
    walk(
        name!(smtp),
        "SMTP_URL smtp://shop:secret@localhost:PORT?connect_timeout=500ms",
        vec![
            step(
                "greeting",
                false,
                "220 mail.example ESMTP\r\n",
                vec![
                    ("a greeting without an end", Flood(b"220-mail.example\r\n".to_vec())),
                    ("a line without an end", Then(b"220 ".to_vec(), b"A".to_vec())),
                    ("no number", Once(b"zzz mail.example\r\n".to_vec())),
                ],
            ),
            step(
                "EHLO",
                true,
                "250-mail.example\r\n250 AUTH PLAIN LOGIN\r\n",
                vec![
                    ("features without an end", Flood(b"250-SIZE\r\n".to_vec())),
                    ("a feature without an end", Then(b"250-AUTH ".to_vec(), b"PLAIN ".to_vec())),
                ],
            ),
            step(
                "AUTH",
                true,
                "235 ok\r\n",
                vec![
                    ("a challenge that is no base64", Once(b"334 !!!!\r\n".to_vec())),
                    ("challenges without an end", Flood(b"334 VXNlcm5hbWU6\r\n".to_vec())),
                ],
            ),
            step("NOOP", true, "250 ok\r\n", vec![]),
        ],
        &[
            // Dropping its pool says goodbye, and waits for the answer without a limit.
            limits(
                "lettre 0.11.23",
                "src/transport/smtp/client/async_connection.rs:250",
                "left behind",
                &["NOOP/silence", "NOOP/half an answer"],
            ),
            // It reads an answer from the start with each of its lines, up to a megabyte of them.
            limits(
                "lettre 0.11.23",
                "src/transport/smtp/client/async_connection.rs:360",
                "took or left behind or SIGKILL or nothing",
                &["greeting/a greeting without an end", "EHLO/features without an end"],
            ),
        ]
        .concat(),
    );
}

#[test]
fn smtp_with_starttls() {
    let ehlo = "250-mail.example\r\n250 STARTTLS\r\n";
    walk(
        name!(smtp_with_starttls),
        "SMTP_URL submission://shop:secret@localhost:PORT?connect_timeout=500ms",
        vec![
            step("greeting", false, "220 mail.example ESMTP\r\n", vec![]),
            step("EHLO", true, ehlo, vec![]),
            step(
                "STARTTLS",
                true,
                "220 go\r\n",
                vec![(
                    "answers behind it",
                    Once(b"220 go\r\n250-mail.example\r\n250 AUTH PLAIN\r\n235 ok\r\n".to_vec()),
                )],
            ),
            step(
                "handshake",
                true,
                b"\x16\x03\x03\x00\x05\x02\x00\x00\x01\x00".to_vec(),
                vec![
                    ("a record of 65535", Then(b"\x16\x03\x03\xff\xff".to_vec(), vec![0])),
                    ("empty records", Flood(b"\x16\x03\x03\x00\x00".to_vec())),
                    (
                        "a handshake of 16 MB",
                        Then(b"\x16\x03\x03\x40\x00\x02\xff\xff\xff".to_vec(), vec![0]),
                    ),
                    ("warnings without an end", Flood(b"\x15\x03\x03\x00\x02\x01\x70".to_vec())),
                ],
            ),
        ],
        &[],
    );
}
