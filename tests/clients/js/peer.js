// The JavaScript `mqtt` package in the shape that the tests ask of every client; runs in Node and in a browser's page.
// make(mqtt, hear) gives an object of functions that take and return JSON; hear(name, message) is told what came.
'use strict'

function toText(bytes) {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}

function toBytes(text, Buffer) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
  return Buffer ? Buffer.from(bytes) : bytes
}

function make(mqtt, hear, Buffer) {
  const clients = new Map()

  function properties(message, version) {
    if (version !== 5) return undefined
    const found = {}
    if (message.content_type) found.contentType = message.content_type
    if (message.response_topic) found.responseTopic = message.response_topic
    if (message.correlation) found.correlationData = toBytes(message.correlation, Buffer)
    if (message.user.length) {
      found.userProperties = {}
      for (const [name, value] of message.user) (found.userProperties[name] ??= []).push(value)
    }
    return found
  }

  function message(topic, payload, packet) {
    const told = packet.properties || {}
    const user = []
    for (const [name, values] of Object.entries(told.userProperties || {}))
      for (const value of [].concat(values)) user.push([name, value])
    return {
      topic,
      payload: toText(payload),
      qos: packet.qos,
      retain: packet.retain,
      content_type: told.contentType ?? null,
      response_topic: told.responseTopic ?? null,
      correlation: told.correlationData ? toText(told.correlationData) : null,
      user,
    }
  }

  return {
    open({ name, url, user, secret, client_id, version, lasting, will, ca }) {
      const options = {
        protocolVersion: version,
        username: user,
        password: secret,
        clientId: client_id,
        clean: !lasting,
        reconnectPeriod: 0,
        connectTimeout: 15000,
        ca,
      }
      if (version === 3) options.protocolId = 'MQIsdp'
      if (version === 5) options.properties = { sessionExpiryInterval: lasting ? 3600 : 0 }
      if (will)
        options.will = {
          topic: will.topic,
          payload: toBytes(will.payload, Buffer),
          qos: will.qos,
          retain: will.retain,
          properties: properties(will, version),
        }
      const client = mqtt.connect(url, options)
      clients.set(name, client)
      client.on('message', (topic, payload, packet) => hear(name, message(topic, payload, packet)))
      return new Promise((resolve) => {
        client.once('connect', () => resolve({ reason: 0 }))
        client.once('error', (error) => {
          client.end(true)
          resolve({ reason: error.code ?? -1, error: String(error) })
        })
        client.once('close', () => resolve({ reason: -1, error: 'closed' }))
      })
    },

    subscribe({ name, filter, qos }) {
      return new Promise((resolve) =>
        clients.get(name).subscribe(filter, { qos }, (error, granted) =>
          resolve({ reason: error ? (error.code ?? 128) : granted[0].qos, error: error && String(error) }),
        ),
      )
    },

    publish({ name, message, version }) {
      const options = { qos: message.qos, retain: message.retain, properties: properties(message, version) }
      return new Promise((resolve, reject) =>
        clients.get(name).publish(message.topic, toBytes(message.payload, Buffer), options, (error) =>
          error ? reject(error) : resolve({}),
        ),
      )
    },

    close({ name }) {
      const client = clients.get(name)
      clients.delete(name)
      return new Promise((resolve) => client.end(false, {}, () => resolve({})))
    },

    drop({ name }) {
      const client = clients.get(name)
      clients.delete(name)
      return new Promise((resolve) => {
        client.once('close', () => resolve({}))
        client.stream.destroy()
      })
    },
  }
}

if (typeof module !== 'undefined') module.exports = { make }
