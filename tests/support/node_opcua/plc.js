// A PLC by node-opcua: signed and encrypted, it triggers parts while the box is ready and takes its results.
// node plc.js PORT FOLDER PARTS CLIENT.der|none; tells one JSON object a line on standard output.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const { createRequire } = require("node:module");

const [port, folder, parts, client] = process.argv.slice(2);
const from = createRequire(path.join(process.cwd(), "package.json"));
const { OPCUAServer } = from("node-opcua-server");
const { OPCUACertificateManager } = from("node-opcua-certificate-manager");
const { DataType, Variant } = from("node-opcua-variant");

const POLICY = "http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256";
const SIGN_AND_ENCRYPT = 3;
const TAGS = {
  Trigger: "Boolean", PartId: "UInt32", Ack: "Boolean", PlcHeartbeat: "UInt16", PartCounter: "UInt32",
  PartsPassed: "UInt32", GateLastPartId: "UInt32", GateLastRejected: "Boolean", Ready: "Boolean", Busy: "Boolean",
  ResultValid: "Boolean", PassFail: "Boolean", ResultCode: "UInt16", PartIdEcho: "UInt32", Score: "Float",
  Fault: "Boolean", Heartbeat: "UInt16", Bypass: "Boolean", Simulated: "Boolean", RecipeIdActive: "String",
};
const START = { Boolean: false, String: "" };
const values = {};
const nodes = {};
const waiting = new Set();

const say = (message) => process.stdout.write(JSON.stringify(message) + "\n");
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function set(name, value) {
  values[name] = value;
  nodes[name].setValueFromSource(new Variant({ dataType: DataType[TAGS[name]], value }));
}

function until(holds, withinMs) {
  return new Promise((resolve) => {
    const look = () => holds() && done(true);
    const timer = setTimeout(() => done(false), withinMs);
    function done(held) {
      clearTimeout(timer);
      waiting.delete(look);
      resolve(held);
    }
    waiting.add(look);
    look();
  });
}

async function handshake(partId) {
  await until(() => values.Ready, 60000);
  set("PartId", partId);
  set("PartCounter", partId);
  set("PartsPassed", partId);
  const begun = performance.now();
  set("Trigger", true);
  const valid = await until(() => values.ResultValid && values.PartIdEcho === partId, 1000);
  say({ part: partId, valid, ms: performance.now() - begun, pass: values.PassFail });
  set("Trigger", false);
  if (valid) set("Ack", true);
  await until(() => !values.ResultValid, 2000);
  set("Ack", false);
}

async function main() {
  const trust = new OPCUACertificateManager({
    rootFolder: path.join(folder, "pki"), automaticallyAcceptUnknownCertificate: false, name: "pki",
  });
  await trust.initialize();
  if (client !== "none") await trust.trustCertificate(fs.readFileSync(client));
  const server = new OPCUAServer({
    port: Number(port), hostname: "127.0.0.1", resourcePath: "", serverCertificateManager: trust,
    securityPolicies: [POLICY], securityModes: [SIGN_AND_ENCRYPT],
    allowAnonymous: true, disableDiscovery: false, serverInfo: { applicationUri: "urn:test:node-opcua" },
  });
  await server.initialize();
  const space = server.engine.addressSpace;
  const namespace = space.registerNamespace("urn:test:cell");
  const cell = namespace.addObject({ organizedBy: space.rootFolder.objects, browseName: "Cell", nodeId: "s=Cell" });
  for (const [name, kind] of Object.entries(TAGS)) {
    values[name] = START[kind] ?? 0;
    nodes[name] = namespace.addVariable({
      componentOf: cell, browseName: name, nodeId: `s=Cell.${name}`, dataType: kind,
      value: { dataType: DataType[kind], value: values[name] }, minimumSamplingInterval: 10,
    });
    nodes[name].on("value_changed", (answer) => {
      values[name] = answer.value.value;
      for (const look of [...waiting]) look();
    });
  }
  await server.start();
  say({ listening: true, certificate: server.getCertificate().toString("base64") });
  setInterval(() => set("PlcHeartbeat", (values.PlcHeartbeat + 1) % 65536), 500);
  for (let part = 1; part <= Number(parts); part++) {
    await handshake(part);
    await pause(150);
  }
  say({ done: true });
}

process.stdin.on("end", () => process.exit(0)).resume();
main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
