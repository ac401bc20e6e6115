// Put a workflow on the queue with amqplib and wait for the answer: node publish_with_amqplib.mjs URL FILE [TYPE]

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import amqp from "amqplib";

const [url, file, kind = "workflow.v0_1"] = process.argv.slice(2); // or: workflow.beta message.v0_1 message.v1
const user = decodeURIComponent(new URL(url).username);
const answers = `${user}.answers`;

const connection = await amqp.connect(url);
const channel = await connection.createConfirmChannel();
await channel.assertQueue(answers, { durable: true });
await channel.bindQueue(answers, "cascade.answers", answers);

const answered = new Promise((resolve) => {
  channel.consume(answers, (message) => {
    channel.ack(message);
    resolve(message.content.toString());
  });
});
channel.publish("cascade.sends", kind, readFileSync(file), {
  type: kind, // says what the body is: workflow.v0_1 is the JSON of POST /v0.1/dispatch
  contentType: "application/json",
  messageId: randomUUID(), // your key: the same id and body again changes nothing
  userId: user,
  replyTo: answers,
  persistent: true,
  mandatory: true,
});
await channel.waitForConfirms(); // now the broker has it for good; it throws when it has not

const late = new Promise((resolve) => setTimeout(resolve, 10_000).unref());
const answer = await Promise.race([answered, late]);
await channel.close();
await connection.close();
if (answer === undefined) {
  console.error("no answer within 10 s: the message is safe, but no dispatcher runs");
  process.exit(1);
}
console.log(answer);
