/** A call in some language: texts and numbers stand out. Every piece is a text node, whatever it contains. */
export const Code = ({ text }: { readonly text: string }) => (
  <pre className="json">
    {text.split(/("(?:\\.|[^"\\])*"|\b\d+(?:\.\d+)?\b)/).map((piece, i) =>
      i % 2 === 0 ? (
        piece
      ) : (
        <span key={i} className={piece.startsWith('"') ? "s" : "n"}>
          {piece}
        </span>
      )
    )}
  </pre>
)
