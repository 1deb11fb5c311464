//! The system's own table tells what has arrived.

use std::time::Duration;

use hotline_torture::last_words::arrival::{is_whole, unacknowledged};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

const SOON: Duration = Duration::from_secs(10);

#[test]
fn the_table_is_read_as_the_system_writes_it() {
    let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
                 \x20  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1\n\
                 \x20  1: 0100007F:9C40 0100007F:1F90 01 0000012C:00000000 01:00000014 00000000     0        0 2\n\
                 \x20  2: 0100007F:1F90 0100007F:9C40 01 00000000:0000012C 00:00000000 00000000     0        0 3\n";
    assert_eq!(unacknowledged(table, 40_000, 8_080), Some(300));
    assert_eq!(unacknowledged(table, 8_080, 40_000), Some(0));
    assert_eq!(unacknowledged(table, 40_001, 8_080), None);
}

#[tokio::test]
async fn what_the_other_side_has_no_room_for_has_not_arrived() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
    let address = listener.local_addr().expect("it listens");
    let mut client = TcpStream::connect(address).await.expect("it listens");
    let (mut server, _) = timeout(SOON, listener.accept()).await.expect("soon").expect("the client comes");
    client.write_all(b"goodbye").await.expect("it is sent");
    assert!(is_whole(&client, SOON).await);
    // Until nothing more goes out.
    let block = vec![b'.'; 64 * 1024];
    let mut more = 0;
    while let Ok(Ok(length)) = timeout(Duration::from_millis(200), client.write(&block)).await {
        more += length;
    }
    assert!(!is_whole(&client, Duration::from_millis(50)).await);
    // Nobody has to have read it before; somebody reads, and there is room.
    let mut all = vec![0; "goodbye".len() + more];
    timeout(SOON, server.read_exact(&mut all)).await.expect("soon").expect("it comes");
    client.shutdown().await.expect("it is shut down");
    assert!(is_whole(&client, SOON).await);
    // Nobody can tell any more.
    server.set_zero_linger().expect("a reset can be asked for");
    drop(server);
    assert_eq!(timeout(SOON, client.read(&mut [0; 1])).await.expect("soon").ok().unwrap_or(0), 0);
    assert!(!is_whole(&client, Duration::from_millis(50)).await);
}
