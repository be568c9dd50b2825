// Reads {"id", "do", ...} a line, writes {"id", ...} or {"heard", "message"} a line; ends with its input.
'use strict'

const fs = require('node:fs')
const readline = require('node:readline')
const mqtt = require('mqtt')
const { make } = require('./peer.js')

const tell = (value) => process.stdout.write(JSON.stringify(value) + '\n')
const peers = make(mqtt, (name, message) => tell({ heard: name, message }), Buffer)

readline
  .createInterface({ input: process.stdin })
  .on('line', async (line) => {
    const { id, do: what, ...given } = JSON.parse(line)
    if (given.ca) given.ca = fs.readFileSync(given.ca)
    try {
      tell({ id, ...(await peers[what](given)) })
    } catch (error) {
      tell({ id, failed: String(error) })
    }
  })
  .on('close', () => process.exit(0))
