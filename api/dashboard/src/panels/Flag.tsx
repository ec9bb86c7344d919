interface Props {
  readonly sign: string;
  readonly words: string;
}

/** A sign for what is not well, where there is no room for its words; they are its tooltip. */
export function Flag({ sign, words }: Props) {
  return <i class="flag" role="img" aria-label={`, ${words}`} title={words}>{sign}</i>;
}
