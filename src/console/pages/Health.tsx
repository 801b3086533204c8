export const Health = () => (
  <main className="page" id="main">
    todo
  </main>
)
