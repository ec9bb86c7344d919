interface Props {
  readonly icon: string;
  readonly label: string;
}

/** An icon for a problem, where there is no room for its label; that is its tooltip. */
export function Flag({ icon, label }: Props) {
  return (
    <i class="flag" role="img" aria-label={`, ${label}`} title={label}>
      {icon}
    </i>
  );
}
