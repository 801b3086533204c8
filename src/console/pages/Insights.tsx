export const Insights = () => (
  <main className="page" id="main">
    todo
  </main>
)
