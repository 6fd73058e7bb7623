// The official Node client against a running server: argv holds the base URL and the key.
import assert from "node:assert/strict";
import OpenAI, { toFile } from "openai";

const [baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${baseURL}/v1`, apiKey, maxRetries: 0, timeout: 90_000 });
const model = "smollm2-135m-instruct";
const messages = [{ role: "user", content: "What is the capital of France?" }];

const whole = await client.chat.completions.create({ model, messages, max_tokens: 24, temperature: 0 });
assert.match(whole.choices[0].message.content, /Paris/);
assert.ok(whole.usage.total_tokens > 0);

let text = "";
for await (const chunk of await client.chat.completions.create({ model, messages, max_tokens: 24, temperature: 0, stream: true })) {
  text += chunk.choices[0]?.delta?.content ?? "";
}
assert.match(text, /Paris/);

const ids = (await client.models.list()).data.map((entry) => entry.id);
assert.ok(ids.includes("local-edit"));

const file = await client.files.create({ file: await toFile(Buffer.from("hello"), "notes.txt"), purpose: "user_data" });
assert.equal(await (await client.files.content(file.id)).text(), "hello");
assert.equal((await client.files.delete(file.id)).deleted, true);

await assert.rejects(client.chat.completions.create({ model: "gpt-unknown", messages }), (error) => error.status === 404 && error.code === "model_not_found");
await assert.rejects(new OpenAI({ baseURL: `${baseURL}/v1`, apiKey: "sk-wrong", maxRetries: 0 }).models.list(), (error) => error.status === 401);

const picture = await (await fetch(`${baseURL}/samples/portrait.jpg`)).arrayBuffer();
const edited = await client.images.edit({ model: "seededit", image: await toFile(Buffer.from(picture), "portrait.jpg", { type: "image/jpeg" }), prompt: "make it black and white", response_format: "b64_json" });
assert.ok(Buffer.from(edited.data[0].b64_json, "base64").length > 1000);

let chat = "";
for await (const chunk of await client.chat.completions.create({ model: "chat-seededit", messages: [{ role: "user", content: `${baseURL}/samples/portrait.jpg 变成黑白` }], stream: true })) {
  chat += chunk.choices[0]?.delta?.content ?? "";
}
assert.match(chat, /!\[[^\]]*\]\(http/);
console.log("node client: all well");
