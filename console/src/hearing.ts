/** Push to talk: what the microphone hears while it is held, as the WAV that the hub takes; and an answer said aloud. */
import { token } from "./api";

const RATE = 16_000;
/** The hub takes half a minute. */
const LONGEST_MS = 28_000;

export interface Recording {
  /** Let go: the sound, or null when there was none. */
  end: () => Promise<Blob | null>;
}

export async function listen(): Promise<Recording> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true } });
  const recorder = new MediaRecorder(stream);
  const parts: Blob[] = [];
  recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
  const stopped = new Promise<void>((done) => recorder.addEventListener("stop", () => done(), { once: true }));
  const stop = (): void => {
    if (recorder.state !== "inactive") recorder.stop();
  };
  const limit = setTimeout(stop, LONGEST_MS);
  recorder.start();
  return {
    end: async () => {
      clearTimeout(limit);
      stop();
      await stopped;
      for (const track of stream.getTracks()) track.stop();
      const sound = await new Blob(parts, { type: recorder.mimeType }).arrayBuffer();
      return sound.byteLength ? wav(await plain(sound)) : null;
    },
  };
}

/** Whatever the browser recorded, as one channel of 16,000 samples a second. */
async function plain(sound: ArrayBuffer): Promise<Float32Array> {
  const decoder = new OfflineAudioContext(1, 1, RATE);
  const decoded = await decoder.decodeAudioData(sound);
  const context = new OfflineAudioContext(1, Math.max(1, Math.ceil(decoded.duration * RATE)), RATE);
  const source = context.createBufferSource();
  source.buffer = decoded;
  source.connect(context.destination);
  source.start();
  return (await context.startRendering()).getChannelData(0);
}

const HEADER = 44;

function wav(samples: Float32Array): Blob {
  const view = new DataView(new ArrayBuffer(HEADER + samples.length * 2));
  const text = (at: number, words: string): void => {
    for (let index = 0; index < words.length; index++) view.setUint8(at + index, words.charCodeAt(index));
  };
  text(0, "RIFF");
  view.setUint32(4, HEADER - 8 + samples.length * 2, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true);
  view.setUint32(24, RATE, true);
  view.setUint32(28, RATE * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, samples.length * 2, true);
  samples.forEach((sample, index) => view.setInt16(HEADER + index * 2, Math.max(-1, Math.min(1, sample)) * 0x7fff, true));
  return new Blob([view], { type: "audio/wav" });
}

/** Say an answer aloud where the hub has a voice; without one nothing is heard. */
export async function speak(text: string, lang: string): Promise<void> {
  try {
    const answer = await fetch(`/api/v1/assist/speech?lang=${lang}&text=${encodeURIComponent(text.slice(0, 500))}`, { headers: { Authorization: `Bearer ${token.get() ?? ""}` } });
    if (!answer.ok) return;
    const context = new AudioContext();
    const source = context.createBufferSource();
    source.buffer = await context.decodeAudioData(await answer.arrayBuffer());
    source.connect(context.destination);
    source.addEventListener("ended", () => void context.close());
    source.start();
  } catch {
    // the text is on the screen
  }
}
