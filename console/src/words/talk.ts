/** Words of the assistant. */
export const EN = {
  talk: "Hold to talk", talking: "Listening: let go to send", noMic: "The microphone may not be used: allow it, over HTTPS or on the hub's own machine.", heard: "heard: {}", goAhead: "Do it now", answerIt: "Answer", before: "It would:", after: "It did:", tried: "It was to:", refusedHere: "refused", every: "every {}", nobodyHeard: "Nothing was heard.", notOfHere: "I took that for something that is not about this place, and did nothing.",
} as const;
export const ZH: Record<keyof typeof EN, string> = {
  talk: "按住说话", talking: "正在听：松开发送", noMic: "无法使用麦克风：请通过 HTTPS 或在中枢本机上打开，并允许使用。", heard: "听到：{}", goAhead: "现在执行", answerIt: "回答", before: "将会：", after: "已经：", tried: "本来要：", refusedHere: "被拒绝", every: "每 {}", nobodyHeard: "没有听到声音。", notOfHere: "这句话似乎与这里的设备无关，所以什么也没做。",
};
