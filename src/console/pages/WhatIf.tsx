export const Runs = () => (
  <main className="page" id="main">
    todo
  </main>
)
export const Run = Runs
