export const Live = () => (
  <main className="page" id="main">
    todo
  </main>
)
