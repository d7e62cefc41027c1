/** Makes the pictures of the README of examples/react: phone and desktop, light and dark. */

import { fileURLToPath } from 'node:url';

import { until } from './chromium.mjs';
import { DESKTOP, PHONE, reply, startSite } from './page.mjs';

const folder = fileURLToPath(new URL('../../examples/react/pictures/', import.meta.url));

const TEXTS = {
  'ko-KR': {
    box: '하고 싶은 말',
    listen: '듣기',
    times: '걸린 시간',
    first: ['점심 뒤에 무엇을 마시면 좋을까요?', '네, 따뜻한 보리차가 좋겠습니다.'],
    second: [
      '오늘 산책하기 좋은 날씨인가요?',
      `오늘은 **산책하기 좋은 날**입니다. 햇볕이 따뜻하고 바람도 약합니다.

나가시기 전에 세 가지만 챙기세요.

1. 편한 신발을 신으세요.
2. 물 한 병을 챙기세요.
3. 얇은 겉옷을 하나 입으세요.

천천히 걸으시고, 힘드시면 언제든 쉬어 가세요.`,
    ],
  },
  'en-US': {
    box: 'Your message',
    listen: 'Listen',
    times: 'Times',
    first: ['What should I drink after lunch?', 'A cup of warm barley tea would be nice.'],
    second: [
      'Is it good weather for a walk today?',
      `It is **a good day for a walk**. The sun is warm and the wind is light.

Please take three things with you.

1. Wear comfortable shoes.
2. Bring a bottle of water.
3. Put on a light jacket.

Walk slowly, and rest whenever you are tired.`,
    ],
  },
};

const site = await startSite();
for (const [name, viewport, colorScheme, locale, what] of [
  ['desktop-light', DESKTOP, 'light', 'ko-KR', 'heard'],
  ['desktop-dark', DESKTOP, 'dark', 'en-US', 'times'],
  ['phone-light', PHONE, 'light', 'en-US', 'written'],
  ['phone-dark', PHONE, 'dark', 'ko-KR', 'heard'],
]) {
  const { box, listen, times, first, second } = TEXTS[locale];
  const pieces = second[1].match(/.{1,4}/gsu).flatMap((text) => [{ text }, { wait_ms: what === 'written' ? 40 : 8 }]);
  await site.script(reply(first[1]), reply({ wait_ms: 400 }, ...pieces));
  const visit = await site.visit({ viewport, colorScheme, locale, opened: ({ page }) => page.getByLabel(box).waitFor() });
  const { page } = visit;
  const button = (label) => page.getByRole('button', { name: label, exact: true }).last();
  const send = async (text) => {
    await page.getByLabel(box).fill(text);
    await page.getByLabel(box).press('Enter');
  };
  await send(first[0]);
  await visit.finished();
  await visit.stored(2);
  await page.goto(site.front.url);
  await page.getByLabel(box).waitFor();
  await send(second[0]);
  if (what === 'written') await page.getByText(locale === 'ko-KR' ? '나가시기' : 'comfortable').waitFor();
  else await visit.finished();
  if (what === 'heard') {
    await button(listen).click();
    await until(() => page.evaluate(() => /햇볕|warm/.test([...(CSS.highlights.get('heard') ?? [])].join())));
  }
  if (what === 'times') {
    await button(times).click();
    await page.getByRole('dialog').waitFor();
  }
  await page.mouse.move(0, 0);
  await page.screenshot({ path: `${folder}${name}.png` });
  await visit.close();
}
await site.close();
