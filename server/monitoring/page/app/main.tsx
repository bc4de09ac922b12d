import { render } from "preact";
import { Dashboard } from "./dashboard.tsx";

const root = document.getElementById("page");
if (root !== null) render(<Dashboard />, root);
