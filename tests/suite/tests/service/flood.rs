//! A service that sends without a pause does not starve the reader's other work, such as its own time limit.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};
use tokio::time::timeout;
use turnwire::service::TurnStream;

#[tokio::test]
async fn a_flood_leaves_room_for_a_time_limit() {
    for piece in [
        "",
        "\n",
        ": ping\n\n",
        "data: {\"type\": \"of tomorrow\"}\n\n",
        "data: {\"type\": \"audio\"}\n\n",
        "data: null\n\n",
        "data: {\"type\": \"content\", \"content\": \"\"}\n\n",
        "data: {\"type\": \"usage\", \"totalTokens\": 1}\n\n",
    ] {
        let flood = stream::repeat(Ok::<_, Infallible>(Bytes::from_static(piece.as_bytes())));
        let mut turn = TurnStream::from_bytes(flood);
        let read = async { while turn.next().await.is_some() {} };
        let ended = timeout(Duration::from_millis(30), read).await;
        assert!(ended.is_err(), "{piece:?} has no end");
    }
}
