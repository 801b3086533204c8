export const Rules = () => (
  <main className="page" id="main">
    todo
  </main>
)
