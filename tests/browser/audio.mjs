/** Sound of a page without sound: a media element and an audio context that a test turns. */

/** Replaces `Audio` and URLs of blobs; the returned object shows and turns them. */
export function fakeAudio(window) {
  const audio = { elements: [], urls: new Map(), isAllowed: true, made: 0 };
  class FakeAudio extends window.EventTarget {
    paused = true;
    error = null;
    plays = [];
    #src = '';

    constructor() {
      super();
      audio.elements.push(this);
    }

    get src() {
      return this.#src;
    }

    set src(url) {
      this.#src = url;
      this.paused = true;
    }

    play() {
      if (!audio.isAllowed) return Promise.reject(new window.DOMException('a gesture is missing', 'NotAllowedError'));
      this.paused = false;
      this.plays.push(audio.urls.get(this.#src));
      return Promise.resolve();
    }

    pause() {
      this.paused = true;
    }

    removeAttribute() {
      this.#src = '';
    }

    /** The part that is played is at its end. */
    end() {
      this.paused = true;
      this.dispatchEvent(new window.Event('ended'));
    }

    /** It cannot be played. */
    fail() {
      this.error = { message: 'bad data' };
      this.dispatchEvent(new window.Event('error'));
    }
  }
  globalThis.Audio = FakeAudio;
  globalThis.Blob = class {
    constructor(parts, { type }) {
      Object.assign(this, { bytes: [...parts[0]], type });
    }
  };
  URL.createObjectURL = (blob) => {
    const url = `blob:${(audio.made += 1)}`;
    audio.urls.set(url, blob);
    return url;
  };
  URL.revokeObjectURL = (url) => audio.urls.delete(url);
  return audio;
}

/** Replaces `AudioContext`: its time is `now`, and parts of as many seconds as their first byte end when the test says. */
export function fakeContext(window) {
  const context = { state: 'running', now: 0, sources: [], resumed: 0, made: 0 };
  globalThis.AudioContext = class extends window.EventTarget {
    destination = {};

    constructor() {
      super();
      context.made += 1;
      context.change = (state) => {
        context.state = state;
        this.dispatchEvent(new window.Event('statechange'));
      };
    }

    get state() {
      return context.state;
    }

    get currentTime() {
      return context.now;
    }

    resume() {
      context.resumed += 1;
      return new Promise(() => {});
    }

    async decodeAudioData(buffer) {
      const [duration] = new Uint8Array(buffer);
      if (duration === 0) throw new Error('not audio');
      return { duration };
    }

    createBufferSource() {
      const source = { connect() {}, start: (at) => (source.at = at), stop: () => (source.isStopped = true) };
      context.sources.push(source);
      return source;
    }
  };
  return context;
}
