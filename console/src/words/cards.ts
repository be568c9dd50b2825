/** Words of the cards of things. */
export const EN = {
  whyPending: "It was asked, and has not said yet that it is so. What stands here is still what it last reported.",
  whyConfirmed: "The thing itself has reported the wanted value.",
  whyTold: "Who listens for it was told. Whether it was done nobody can say: this kind of thing never answers.",
  whyMismatch: "It took the command, and then reported another value. What stands here is what it reported.",
  whyWrong: "It did not come to what was wanted; the reason is said. What stands here is what it last reported.",
  whyStale: "The thing is not connected: what stands here is what it last reported, and may be otherwise by now.",
  openIt: "Open", closeIt: "Close", halt: "Stop", previous: "Previous", play: "Play", pause: "Pause", next: "Next", dock: "To its dock", trend: "The last {}", map: "Where it is: {}", dial: "{} now, {} wanted", filled: "{} full", doorsShut: "all shut", doorOpen: "open: {}", still: "What the camera saw", noStill: "No picture yet", oee: "OEE",
} as const;

export const ZH: Record<keyof typeof EN, string> = {
  whyPending: "已发出请求，设备尚未确认。这里仍是它最后上报的值。",
  whyConfirmed: "设备自己上报了期望的值。",
  whyTold: "已经告诉了监听的一方。是否做了无从得知：这类设备从不回应。",
  whyMismatch: "设备接受了命令，却上报了另一个值。这里显示的是它上报的值。",
  whyWrong: "没有达到期望，原因如上。这里显示的是它最后上报的值。",
  whyStale: "设备未连接：这里是它最后上报的值，现在可能已经不同。",
  openIt: "打开", closeIt: "关闭", halt: "停止", previous: "上一首", play: "播放", pause: "暂停", next: "下一首", dock: "回充", trend: "最近{}", map: "位置：{}", dial: "当前 {}，期望 {}", filled: "液位 {}", doorsShut: "全部关闭", doorOpen: "打开：{}", still: "摄像头画面", noStill: "暂无画面", oee: "OEE",
};
