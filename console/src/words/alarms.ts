/** Words of alarms: how grave, and where one stands (ISA-18.2). */
export const EN = {
  graveCritical: "critical", graveHigh: "high", graveMedium: "medium", graveLow: "low", graveDiagnostic: "diagnostic",
  alarmUnacknowledged: "not acknowledged", alarmAcknowledged: "acknowledged", alarmReturned: "over, not acknowledged", alarmLatchedUnacknowledged: "over, kept, not acknowledged", alarmLatched: "over, kept until it is reset", alarmShelved: "put aside", alarmSuppressed: "held back", alarmOutOfService: "out of service",
  resetAlarm: "Reset", shelve: "Put aside for 1 h", unshelve: "Take up again",
} as const;

export const ZH: Record<keyof typeof EN, string> = {
  graveCritical: "危急", graveHigh: "高", graveMedium: "中", graveLow: "低", graveDiagnostic: "诊断",
  alarmUnacknowledged: "未确认", alarmAcknowledged: "已确认", alarmReturned: "已恢复，未确认", alarmLatchedUnacknowledged: "已恢复，保持中，未确认", alarmLatched: "已恢复，保持至复位", alarmShelved: "已搁置", alarmSuppressed: "已抑制", alarmOutOfService: "停用",
  resetAlarm: "复位", shelve: "搁置 1 小时", unshelve: "取消搁置",
};
