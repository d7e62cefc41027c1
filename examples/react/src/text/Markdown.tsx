/** A reply as Markdown, also while it grows: no HTML of its own, no images from elsewhere, links that open safely. */

import { memo, type ReactNode } from 'react';
import ReactMarkdown, { type Components, type Options } from 'react-markdown';
import remarkCjkFriendly from 'remark-cjk-friendly';
import remarkGfm from 'remark-gfm';
import remend from 'remend';

import { useWords } from '../settings';
import { blocksOf } from './blocks';

/** A single `~` is a range of numbers, not a line through them. */
const plugins: NonNullable<Options['remarkPlugins']> = [[remarkGfm, { singleTilde: false }], remarkCjkFriendly];

/** Names of elements with their children alone: no ids, classes or styles of the reply. */
const plain = (Name: 'h3' | 'li' | 'section' | 'div') =>
  function Plain({ children }: { children?: ReactNode }) {
    return <Name>{children}</Name>;
  };

/** Headings are of one level, below the page's own: a reply may begin with any. */
const Heading = plain('h3');

const components: Components = {
  h1: Heading,
  h2: Heading,
  h3: Heading,
  h4: Heading,
  h5: Heading,
  h6: Heading,
  li: plain('li'),
  section: plain('div'),
  sup: ({ children }) => <sup>{children}</sup>,
  a: ({ href, children }) => <Link href={href}>{children}</Link>,
  img: ({ src, alt }) => <ImageLink src={typeof src === 'string' ? src : undefined} alt={alt} />,
  input: ({ checked }) => <Task isDone={checked === true} />,
  pre: ({ children }) => <pre tabIndex={0}>{children}</pre>,
  table: ({ children }) => <Table>{children}</Table>,
};

function Link({ href, children }: { href?: string | undefined; children: ReactNode }) {
  const words = useWords();
  if (!href || !/^(https?|mailto|tel):/i.test(href)) return <>{children}</>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
      <span className="hidden"> {words.newWindow}</span>
    </a>
  );
}

/** A picture is fetched only by who opens it: its address may tell another server who reads, and what was said. */
function ImageLink({ src, alt }: { src?: string | undefined; alt?: string | undefined }) {
  const words = useWords();
  return <Link href={src}>{alt ? `${words.picture}: ${alt}` : words.picture}</Link>;
}

function Task({ isDone }: { isDone: boolean }) {
  const words = useWords();
  return (
    <span role="img" aria-label={isDone ? words.done : words.open}>
      {isDone ? '☑' : '☐'}
    </span>
  );
}

/** A wide table scrolls by itself, also by keyboard. */
function Table({ children }: { children: ReactNode }) {
  return (
    <section className="wide" tabIndex={0}>
      <table>{children}</table>
    </section>
  );
}

const Block = memo(function Block({ text }: { text: string }) {
  return (
    <ReactMarkdown remarkPlugins={plugins} components={components}>
      {text}
    </ReactMarkdown>
  );
});

/** The text; `isGrowing` completes what its end has begun, such as bold letters. */
export const Markdown = memo(function Markdown({ text, isGrowing }: { text: string; isGrowing: boolean }) {
  const blocks = blocksOf(text);
  const last = blocks.length - 1;
  return blocks.map((block, at) => <Block key={at} text={isGrowing && at === last ? remend(block, { linkMode: 'text-only' }) : block} />);
});
