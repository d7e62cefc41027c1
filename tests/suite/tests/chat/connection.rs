//! Connections: kept for the next call, closed for a reader that leaves, shared without harm.

use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::future::join_all;
use tokio::time::sleep;
use turnwire::{ChatRequest, OpenAi};
use turnwire_fakes::{Fake, Outcome, Script};
use turnwire_h2_fake::H2Fake;
use turnwire_suite::rounds::in_a_round;

use super::{ask, client, read, scripted};

#[tokio::test]
async fn sequential_streams_share_one_connection() {
    let mut connections = 0;
    // On a busy machine a connection may return to the pool after the wait for it.
    for _ in 0..5 {
        let fake = Fake::start().await.unwrap();
        let llm = client(&fake);
        for _ in 0..10 {
            let mut stream = llm.chat_stream(ask()).await.unwrap();
            assert!(read(&mut stream).await.error.is_none());
        }
        assert_eq!(fake.requests().len(), 10);
        connections = fake.connections();
        if connections == 1 {
            return;
        }
    }
    panic!("{connections} connections for ten streams, in the last of five rounds");
}

#[tokio::test]
async fn a_service_that_trickles_after_the_end_delays_nobody_and_keeps_its_connection() {
    let trickle = Script::new()
        .text("안녕")
        .finish("stop")
        .done()
        .repeat(10, |s| s.wait_ms(20).comment("trickle"));
    let (fake, llm) = scripted(trickle).await;
    let mut stream = llm.chat_stream(ask()).await.unwrap();
    assert!(read(&mut stream).await.error.is_none());
    assert_eq!(fake.requests()[0].finished_at_ms, None, "the reader is done before the service is");
    fake.wait_for(|log| log.requests[0].finished_at_ms.is_some()).await;
    assert_eq!(fake.requests()[0].outcome, Some(Outcome::Complete));
    // The connection returns to the pool when the drain has read the end, a moment after the service wrote it.
    let began = Instant::now();
    loop {
        llm.chat_stream(ask()).await.unwrap().finish().await.unwrap();
        if fake.connections() < fake.requests().len() as u64 {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "every stream took a new connection");
    }
}

#[tokio::test]
async fn a_service_that_holds_its_connection_after_the_end_slows_no_other_call() {
    let fake = Fake::start().await.unwrap();
    fake.script("holds", Script::new().text("a").finish("stop").done().stall());
    let (held, free) = (client(&fake), client(&fake));
    held.chat_stream(ChatRequest::new("holds")).await.unwrap().finish().await.unwrap();
    let mut shortest = [Duration::MAX; 2];
    // One of the rounds may run on a busy machine.
    for _ in 0..3 {
        for (llm, shortest) in [&held, &free].into_iter().zip(&mut shortest) {
            let began = Instant::now();
            for _ in 0..100 {
                llm.chat_stream(ask()).await.unwrap().finish().await.unwrap();
            }
            *shortest = began.elapsed().min(*shortest);
        }
    }
    // Only a call within the first moment waits for that connection: 100 waits would take a second.
    let [held, free] = shortest;
    assert!(held < free + Duration::from_millis(900), "{held:?}, and {free:?} without it");
}

#[tokio::test]
async fn a_dropped_stream_is_seen_by_the_service_within_100_ms() {
    in_a_round(|| async {
        let (fake, llm) = scripted(Script::new().text("안녕").stall()).await;
        let mut stream = llm.chat_stream(ask()).await.unwrap();
        stream.next().await.unwrap().unwrap();
        let dropped = Instant::now();
        drop(stream);
        fake.wait_for(|log| log.requests[0].client_closed_at_ms.is_some()).await;
        assert!(dropped.elapsed() < Duration::from_millis(100), "{:?}", dropped.elapsed());
    })
    .await;
}

#[tokio::test]
async fn many_streams_at_once_all_finish() {
    let fake = Fake::start().await.unwrap();
    fake.script("m", Script::new().repeat(10, |s| s.text("a").wait_ms(5)).finish("stop").done());
    let llm = client(&fake);
    let streams = (0..200).map(|_| {
        let llm = llm.clone();
        tokio::spawn(async move { llm.chat_stream(ask()).await.unwrap().finish().await })
    });
    for reply in futures::future::join_all(streams).await {
        assert_eq!(reply.unwrap().unwrap().text(), "aaaaaaaaaa");
    }
}

#[tokio::test]
async fn a_paused_http_2_stream_does_not_block_its_neighbours() {
    let fake = H2Fake::start().await.unwrap();
    let llm = OpenAi::builder().base_url(fake.base_url()).no_proxy();
    let llm = llm.root_certificate(fake.certificate_pem()).build().unwrap();
    let mut paused = Vec::new();
    for _ in 0..20 {
        let mut stream = llm.chat_stream(ChatRequest::new("big").user("hi")).await.unwrap();
        stream.next().await.unwrap().unwrap(); // and no further: its window fills up
        paused.push(stream);
    }
    for _ in 0..3 {
        let quick = llm.chat_stream(ChatRequest::new("small").user("hi")).await.unwrap().finish();
        let reply = tokio::time::timeout(Duration::from_secs(60), quick).await;
        assert!(!reply.expect("the neighbours are blocked").unwrap().text().is_empty());
    }
    assert_eq!(fake.connections(), 1, "all of them on one connection");
    assert!(fake.requests().iter().all(|r| r.version == "HTTP/2.0"));
}

#[tokio::test]
async fn a_burst_leaves_its_connections_to_the_next_one_and_they_end_unused() {
    const BURST: u64 = 1000;
    let fake = Fake::spawn_thread().unwrap();
    fake.script("m", Script::new().text("안녕").wait_ms(1000).finish("stop").done());
    let llm = client(&fake);
    for number in 1..=2 {
        let streams = (0..BURST).map(|_| llm.chat_stream(ask()));
        let streams = join_all(streams).await;
        join_all(streams.into_iter().map(|stream| stream.unwrap().finish())).await;
        fake.wait_for(|log| {
            let ended = log.requests.iter().filter(|request| request.finished_at_ms.is_some());
            ended.count() as u64 == number * BURST
        })
        .await;
        // They return to the pool a moment after their ends.
        sleep(Duration::from_millis(100)).await;
    }
    let opened = fake.connections();
    assert!((BURST..BURST + 100).contains(&opened), "{opened} connections for two bursts");
    assert_eq!(fake.open_connections(), opened);
    // The pool looks for them once in the time for which it keeps them.
    tokio::time::pause();
    sleep(2 * Duration::from_secs(90)).await;
    tokio::time::resume();
    fake.wait_for(|log| log.open_connections == 0).await;
}
