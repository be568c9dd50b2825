/** A claim code, from the camera or typed; this phone takes it up. */
import { Alert, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { ask } from "./api";
import { be } from "./self";
import { reason, Told } from "./refusals";
import { say } from "./words";

const LOOK_MS = 250;
const LOOK_PIXELS = 640; // as wide as a picture is read by ourselves: a code held before a camera is large

interface Detector {
  detect: (source: HTMLVideoElement) => Promise<{ rawValue: string }[]>;
}
type DetectorKind = new (options: { formats: string[] }) => Detector;

const detectorKind = (): DetectorKind | undefined => (window as unknown as { BarcodeDetector?: DetectorKind }).BarcodeDetector;

/** What reads codes: the browser; where it does not (phones of Apple, Linux), a reader that is loaded for it. */
async function detector(): Promise<Detector> {
  const Kind = detectorKind();
  if (Kind) return new Kind({ formats: ["qr_code"] });
  const { default: read } = await import("qr/decode.js");
  const canvas = document.createElement("canvas");
  const brush = canvas.getContext("2d", { willReadFrequently: true })!;
  return {
    detect: async (source) => {
      if (!source.videoWidth) return []; // no picture has come yet
      const scale = Math.min(1, LOOK_PIXELS / source.videoWidth);
      canvas.width = source.videoWidth * scale;
      canvas.height = source.videoHeight * scale;
      brush.drawImage(source, 0, 0, canvas.width, canvas.height);
      return [{ rawValue: read(brush.getImageData(0, 0, canvas.width, canvas.height)) }]; // throws where it sees none
    },
  };
}

/** The code in a claim's link, or as it was typed; null in anything else. */
export function codeIn(text: string): string | null {
  const linked = /[#?&]code=([0-9A-Za-z-]{6,20})/.exec(text)?.[1];
  if (linked) return linked;
  return /^[0-9A-Za-z]{4}-?[0-9A-Za-z]{4}$/.test(text.trim()) ? text.trim() : null;
}

export function Scan() {
  const [code, setCode] = useState("");
  const [live, setLive] = useState(false);
  const [said, setSaid] = useState<{ text: string; bad: boolean } | null>(null);
  const video = useRef<HTMLVideoElement>(null);
  const take = async (found: string): Promise<void> => {
    setLive(false);
    try {
      const made = await ask<{ id: string; secret: string }>("/device/claim", "POST", { code: found, model: "phone" });
      be({ id: made.id, name: made.id, secret: made.secret, position: false });
      setSaid({ text: say("claimedAs", made.id), bad: false });
    } catch (error) {
      setSaid({ text: reason(error), bad: true });
    }
  };
  useEffect(() => {
    if (!live || !video.current) return;
    let stream: MediaStream | null = null;
    let timer = 0;
    let over = false;
    let looking = false;
    const look = async (): Promise<void> => {
      let reader: Detector;
      try {
        reader = await detector();
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      } catch (error) {
        const none = error instanceof DOMException && error.name === "NotFoundError";
        setSaid({ text: error instanceof DOMException ? say(none ? "cameraNone" : "cameraDenied") : reason(error), bad: true });
        setLive(false);
        return;
      }
      if (over || !video.current) {
        for (const track of stream.getTracks()) track.stop();
        return;
      }
      video.current.srcObject = stream;
      await video.current.play();
      timer = window.setInterval(() => {
        if (!video.current || looking) return; // the one before is still being read
        looking = true;
        void reader
          .detect(video.current)
          .then((codes) => {
            const found = codes.map((each) => codeIn(each.rawValue)).find((each) => each !== null);
            if (over) return;
            if (found) {
              over = true;
              void take(found);
            } else if (codes.length) setSaid({ text: say("noClaim"), bad: true });
          })
          .catch(() => undefined) // nothing to read in this picture
          .finally(() => {
            looking = false;
          });
      }, LOOK_MS);
    };
    void look();
    return () => {
      over = true;
      clearInterval(timer);
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
  }, [live]);
  const able = isSecureContext && Boolean(navigator.mediaDevices);
  const typed = (event: FormEvent): void => {
    event.preventDefault();
    void take(codeIn(code) ?? code.trim());
  };
  return (
    <Stack gap="xs">
      {said ? (
        <Alert color={said.bad ? "red" : "teal"} role={said.bad ? "alert" : "status"}>
          <Told text={said.text} />
        </Alert>
      ) : null}
      {live ? <video ref={video} className="camera" muted playsInline aria-label={say("scanText")} /> : null}
      {able ? (
        <div>
          <Button
            variant="light"
            onClick={() => {
              setSaid(null);
              setLive(!live);
            }}
          >
            {say(live ? "scanStop" : "scan")}
          </Button>
        </div>
      ) : (
        <Text size="sm" c="dimmed">
          {say("scanNone")}
        </Text>
      )}
      <Group component="form" align="end" gap="xs" onSubmit={(event) => typed(event as unknown as FormEvent)}>
        <TextInput label={say("codeIn")} value={code} autoComplete="off" autoCapitalize="characters" onChange={(event) => setCode(event.currentTarget.value)} />
        <Button type="submit" variant="default" disabled={!code.trim()}>
          {say("takeUp")}
        </Button>
      </Group>
    </Stack>
  );
}
