/** The comparison of what users sent and read with the rows of the store. */

/**
 * Gives the differences, in words; none if each conversation is exactly one workspace with exactly its messages, in order.
 *
 * A conversation has the `workspaceId` that its user was told, or `null`, and its `messages`, in the order in which they were sent. A
 * workspace has its `workspaceId`, its `rows` in the order of their times, and the number of rows that its session has `counted`, which
 * may be less: a kill loses a count.
 */
export function compare(conversations, workspaces) {
  const owners = new Map(conversations.flatMap((one) => one.messages.flatMap(({ messageId, replyId }) => [[messageId, one], [replyId, one]])));
  const isOf = (conversation, { workspaceId, rows }) => workspaceId === conversation.workspaceId || rows.some(({ msgId }) => owners.get(msgId) === conversation);
  const found = [];
  const claimed = new Set();
  // A user who left before the workspace was told may have one in which nothing was saved.
  let mayBeEmpty = 0;
  for (const conversation of conversations) {
    const mine = workspaces.filter((workspace) => isOf(conversation, workspace));
    for (const workspace of mine) claimed.add(workspace);
    if (mine.length === 0 && conversation.workspaceId === null && conversation.messages.some(({ isLeft }) => isLeft)) mayBeEmpty += 1;
    found.push(...ofConversation(conversation, mine, owners));
  }
  const others = workspaces.filter((workspace) => !claimed.has(workspace));
  for (const { workspaceId, rows } of others) for (const row of rows) found.push(`workspace ${workspaceId}: of no conversation: ${row.msgContent}`);
  const empty = others.filter(({ rows }) => rows.length === 0);
  for (const { workspaceId } of empty.slice(mayBeEmpty)) found.push(`workspace ${workspaceId}: empty, and of no conversation`);
  return found;
}

function ofConversation({ workspaceId, messages }, mine, owners) {
  const found = [];
  const [first] = messages;
  const say = (text, what) => found.push(`${text}: ${what}`);
  if (mine.length > 1) say(first.text, `split over ${mine.length} workspaces`);
  if (workspaceId !== null && !mine.some((workspace) => workspace.workspaceId === workspaceId)) say(first.text, `the workspace ${workspaceId} is lost`);

  const home = mine.find((workspace) => workspace.workspaceId === workspaceId) ?? mine[0];
  const rows = home?.rows ?? [];
  for (const { counted, rows } of mine) if (counted > rows.length) say(first.text, `${rows.length} messages are counted ${counted} times`);
  const ids = new Set(messages.flatMap(({ messageId, replyId }) => [messageId, replyId]));
  const places = new Map();
  for (const row of mine.flatMap((workspace) => workspace.rows)) places.set(row.msgId, [...(places.get(row.msgId) ?? []), row]);
  for (const sent of messages) found.push(...ofMessage(sent, places).map((what) => `${sent.text}: ${what}`));
  for (const [id, [row, ...more]] of places) if (ids.has(id) && more.length > 0) say(first.text, `doubled: ${row.msgContent}`);
  for (const { msgId, msgContent } of rows.filter(({ msgId }) => !ids.has(msgId))) {
    say(first.text, `${owners.has(msgId) ? 'has a message of another conversation' : 'doubled'}: ${msgContent}`);
  }

  // A reply and the next message may be of one time. The reply of a turn that is left is kept when the service notices it, which may be
  // after the next message, or at the time of any other.
  const left = new Set(messages.filter(({ isLeft }) => isLeft).map(({ replyId }) => replyId));
  const isNext = (row, before) => row.parentMsgId === null && before.parentMsgId !== null && row.msgSentAt === before.msgSentAt;
  const isOfOneTime = (row, before) => row.msgSentAt <= before.msgSentAt && !isNext(row, before) && !left.has(row.msgId) && !left.has(before.msgId);
  const sent = messages.filter(({ isTaken }) => isTaken).flatMap(({ messageId, replyId, isLeft }) => (isLeft ? [messageId] : [messageId, replyId]));
  const stored = [...new Set(rows.map(({ msgId }) => msgId))];
  const ordered = stored.filter((id) => sent.includes(id));
  if (ordered.join() !== sent.filter((id) => stored.includes(id)).join()) say(first.text, `out of order: ${rows.map(({ msgContent, msgSentAt }) => `${msgContent} ${msgSentAt}`).join(', ')}`);
  if (rows.some((row, at) => at > 0 && isOfOneTime(row, rows[at - 1]))) say(first.text, 'two messages of one time');
  return found;
}

function ofMessage({ text, messageId, replyId, seen, isTaken, isDone, isLeft }, places) {
  const found = [];
  const [[message] = [], [reply] = []] = [places.get(messageId), places.get(replyId)];
  if (!isTaken) {
    if (message && !isLeft) found.push('saved, although its sender knows of no turn');
    return found;
  }
  if (!message) found.push('the message is lost');
  else if (message.msgContent !== text) found.push(`the message is ${message.msgContent}`);
  if (isDone && !reply) found.push('the reply is lost');
  else if (isDone && reply.msgContent !== seen) found.push(`the reply is ${reply.msgContent} and not ${seen}`);
  // A reader who left gets no less than what was read.
  else if (isLeft && seen && !reply?.msgContent.startsWith(seen)) found.push(`of the reply ${seen} there is ${reply?.msgContent}`);
  if (message && reply?.msgSentAt <= message.msgSentAt) found.push('the reply is not later than its message');
  if (reply && reply.parentMsgId !== messageId) found.push('the reply has another parent');
  return found;
}
