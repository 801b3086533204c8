/** Three crossing strands. */
export const Mark = () => (
  <svg
    width="20"
    height="20"
    viewBox="0 0 20 20"
    fill="none"
    strokeWidth="2.4"
    strokeLinecap="round"
    aria-hidden="true"
  >
    <path d="M4 2c0 4.500 12 4 12 8 0 2-3 3.200-6 4" stroke="var(--ink)" />
    <path
      d="M16 2c0 2-2.600 3.200-5.200 4.200M8.600 7.300C6.200 8.300 4 9.300 4 11c0 4 12 3.500 12 7"
      stroke="var(--contact)"
    />
    <path d="M8 14.800C5.800 15.600 4 16.500 4 18" stroke="var(--device)" />
  </svg>
)
